"""Seconds and peak memory of reading the labels of MS-COCO's training instances, beside pycocotools 2.0.

    python tests/golden/check_coco_speed.py [FOLDER]

Makes FOLDER/COCO/annotations/instances_{train,val}2017.json (FOLDER: a new one under /tmp, removed again) in the published structure, with as many pictures, instances and
polygons as the published file of 450 MB has, and asks both programs for the labels of all pictures. They must agree."""
import json, os, random, resource, shutil, subprocess, sys, tempfile, time

PICTURES, INSTANCES, POLYGONS = 118287, 860001, 3000


def make(path, pictures, instances, categories):
    draw = random.Random(1)
    polygon = lambda: "[[%s]]" % ", ".join("%.2f" % (640 * draw.random()) for _ in range(2 * draw.randint(10, 36)))
    polygons = [polygon() for _ in range(POLYGONS)]
    with open(path, "w") as out:
        out.write('{"info": {"year": 2017}, "licenses": [{"id": 1, "name": "none"}], "images": [')
        for i in range(pictures):
            out.write('%s{"license": 1, "file_name": "%012d.jpg", "coco_url": "http://images.cocodataset.org/train2017/%012d.jpg", "height": 480, '
                      '"width": 640, "date_captured": "2013-11-14 17:02:52", "flickr_url": "http://farm7.staticflickr.com/x_z.jpg", "id": %d}'
                      % (", " if i else "", 5 * i, 5 * i, 5 * i))
        out.write('], "annotations": [')
        for i in range(instances):
            out.write('%s{"segmentation": %s, "area": %.4f, "iscrowd": 0, "image_id": %d, "bbox": [%.2f, 127.62, 7.9, 17.31], "category_id": %d, '
                      '"id": %d}' % (", " if i else "", draw.choice(polygons), 1e4 * draw.random(), 5 * draw.randrange(pictures), draw.random(),
                                     draw.choice(categories)["id"], i))
        out.write('], "categories": %s}' % json.dumps(categories))


def measured(command):
    begin = time.time()
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    done = subprocess.run(["/usr/bin/time", "-f", "%M", *command], capture_output=True, text=True)
    used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
    return done.stdout, time.time() - begin, used, int(done.stderr.split()[-1]) / 1024


THEIRS = """
import contextlib, io, json, sys
from pycocotools.coco import COCO
with contextlib.redirect_stdout(io.StringIO()): coco = COCO(sys.argv[1])
pairs = {(a["image_id"], a["category_id"]) for a in coco.anns.values()}
print(json.dumps([len({i for i, _ in pairs}), len(pairs)]))
"""


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp(dir="/tmp")
    real = os.path.join(os.path.dirname(__file__), "../../../shared/data/real/coco/annotations/instances_val2017.json")
    categories = json.load(open(real))["categories"]
    notes = os.path.join(folder, "COCO/annotations")
    os.makedirs(notes, exist_ok=True)
    large = os.path.join(notes, "instances_train2017.json")
    if not os.path.exists(large):
        make(large, PICTURES, INSTANCES, categories)
        make(os.path.join(notes, "instances_val2017.json"), 10, 40, categories)
    print("%.0f MB" % (os.path.getsize(large) / 1e6))
    ours = measured([os.environ.get("PALBENCH", "build/palbench"), "data", "check", "coco2017", "--root", folder, "--json", "--quiet"])
    theirs = measured([sys.executable, "-c", THEIRS, large])
    train = json.loads(ours[0])["splits"]["train"]
    assert [train["images"], train["positives"]] == json.loads(theirs[0]), (train["images"], train["positives"], theirs[0])
    for name, m in (("palbench", ours), ("pycocotools", theirs)):
        print("%-12s %6.1f s (%.1f s of computing), %.0f MB" % (name, m[1], m[2], m[3]))
    if len(sys.argv) < 2: shutil.rmtree(folder)


main()

"""Tables of C, for the scripts here that write source files."""


def table(head, items):
    print(head + " = {")
    line = "   "
    for item in items:
        if len(line) + len(item) > 116:
            print(line)
            line = "   "
        line += " " + item + ","
    print(line + "\n};")

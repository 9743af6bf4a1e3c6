/* palbench schema: what experiments.json may say, for editors. */
#include "harness/cli/command.h"
#include "harness/cli/json_out.h"
#include "harness/experiments/schema.h"

static bool run(Cli *cli, Error *err)
{
    if (cli->argument_count) return cli_misuse(cli, err, "%s: it takes no arguments", cli->arguments[0]);
    json_out_wrapped(experiments_schema());
    return true;
}

const Command command_schema = {
    .name = "schema",
    .arguments = "",
    .summary = "the JSON Schema of experiments.json, which editors complete and check with",
    .details = "experiments.schema.json of the source is what it prints; with --plugin the methods of yours are in it. "
               "Name it in your file as\n"
               "\"$schema\": \"experiments.schema.json\". `palbench validate` checks all of that and what a schema "
               "cannot say.",
    .example = "palbench schema >experiments.schema.json",
    .takes = TAKES_EXPERIMENTS,
    .run = run,
};

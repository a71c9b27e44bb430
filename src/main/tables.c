/*
 * tables: prints what the tables say, for the manual and the shells.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/why.h"
#include "main/tables.h"

static const struct tables_row {
	const char *name;
	void (*print)(void);
} tables_rows[] = {
	{ "mdoc-commands", tables_mdoc_commands },
	{ "mdoc-options", tables_mdoc_options },
	{ "mdoc-endpoints", tables_mdoc_endpoints },
	{ "mdoc-proxies", tables_mdoc_proxies },
	{ "mdoc-starttls", tables_mdoc_starttls },
	{ "mdoc-framings", tables_mdoc_framings },
	{ "mdoc-facts", tables_mdoc_facts },
	{ "mdoc-metrics", tables_mdoc_metrics },
	{ "mdoc-ctl", tables_mdoc_ctl },
	{ "mdoc-limit-options", tables_mdoc_limit_options },
	{ "mdoc-limits", tables_mdoc_limits },
	{ "mdoc-exit", tables_mdoc_exit },
	{ "mdoc-questions", tables_mdoc_questions },
	{ "bash", tables_bash },
	{ "zsh", tables_zsh },
	{ "fish", tables_fish },
};
#define TABLES_NROWS (sizeof(tables_rows) / sizeof(tables_rows[0]))

static int
usage(void)
{
	size_t i;

	fprintf(stderr, "usage: tables");
	for (i = 0; i < TABLES_NROWS; i++)
		fprintf(stderr, "%s%s", i ? " | " : " ", tables_rows[i].name);
	fprintf(stderr, "\n");
	return FAULT_USAGE;
}

int
main(int argc, char **argv)
{
	size_t i;

	if (argc != 2)
		return usage();
	for (i = 0; i < TABLES_NROWS; i++) {
		if (strcmp(tables_rows[i].name, argv[1]) == 0) {
			tables_rows[i].print();
			return fflush(stdout) == EOF;
		}
	}
	return usage();
}

/*
 * Completions.  The words come from the tables, what is done with them is the
 * shells' own text below; names of sessions are asked of fifoctl itself.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/option.h"
#include "command/command.h"
#include "framing/framing.h"
#include "main/tables.h"
#include "session/session.h"
#include "session/status.h"
#include "transport/transport.h"

/* What a command's operands are, where the first is not a session. */
static const struct shell_operand {
	const char *command;
	int operand;            /* from 1 */
	const char *words;      /* name of a list below */
} shell_operands[] = {
	{ "open", 2, "endpoints" },
	{ "status", 2, "facts" },
	{ "set", 2, "options" },
	{ "wait", 2, "states" },
	{ "help", 1, "topics" },
};
#define SHELL_NOPERANDS (sizeof(shell_operands) / sizeof(shell_operands[0]))

/* --- the lists: each prints its words with a blank between --- */

static void
list_commands(void)
{
	const struct command *const *c;

	for (c = command_table; *c != NULL; c++)
		printf(" %s", (*c)->name);
}

static void
list_topics(void)
{
	list_commands();
	printf(" options endpoints ways framings limits exit");
}

/* "tls://HOST:PORT" up to the first capital letter. */
static void
list_endpoints(void)
{
	const struct transport *const *t;
	const struct imply_row *row;

	for (t = transport_table; *t != NULL; t++)
		printf(" %.*s", (int)strcspn((*t)->usage,
		    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"), (*t)->usage);
	for (row = imply_rows; row->scheme != NULL; row++)
		printf(" %s://", row->scheme);
}

/* " delim:", " length:u8 length:u16be…", each with `before` before it. */
static void
list_framing(const struct framing *f, const char *before)
{
	const char *p = f->usage + strlen(f->name);
	size_t n;

	if (*p != ':' || isupper((unsigned char)p[1])) {
		printf(" %s%s%s", before, f->name, *p == ':' ? ":" : "");
		return;
	}
	do {
		n = strcspn(++p, "|[");
		printf(" %s%s:%.*s", before, f->name, (int)n, p);
		p += n;
	} while (*p == '|');
}

static void
list_framings(const char *before)
{
	const struct framing *const *f;

	for (f = framing_table; *f != NULL; f++)
		list_framing(*f, before);
}

static void
list_rows(const char *before, const char *after)
{
	const struct option_group *g;
	size_t i;

	for (g = option_groups; g->title != NULL; g++)
		for (i = 0; i < g->nrows; i++)
			printf(" %s%s%s", before, g->rows[i].name, after);
}

static void
list_options(void)
{
	list_rows("", "=");
}

static void
list_facts(void)
{
	size_t i;

	for (i = 0; i < status_nrows; i++)
		printf(" %s", status_rows[i].key);
	list_rows("option.", "");
}

static void
list_states(void)
{
	int state;

	for (state = SESSION_IDLE; state <= SESSION_CLOSED; state++)
		printf(" %s", session_state_name((enum session_state)state));
}

static const struct shell_list {
	const char *name;
	void (*print)(void);
} shell_lists[] = {
	{ "commands", list_commands },
	{ "topics", list_topics },
	{ "endpoints", list_endpoints },
	{ "options", list_options },
	{ "facts", list_facts },
	{ "states", list_states },
};
#define SHELL_NLISTS (sizeof(shell_lists) / sizeof(shell_lists[0]))

/* A word as one of the shell's, in '…'. */
static void
shell_quote(const char *text)
{
	putchar('\'');
	for (; *text != '\0'; text++)
		printf(*text == '\'' ? "'\\''" : "%c", *text);
	putchar('\'');
}

/* Arms of `case`, by which bash and zsh find the values of an option. */
static void
shell_choices(void)
{
	const struct option_group *g;
	const struct option_row *row;
	const char *p;
	size_t i;

	for (g = option_groups; g->title != NULL; g++) {
		for (i = 0; i < g->nrows; i++) {
			row = &g->rows[i];
			p = row->type == OPTION_BOOL ? "yes|no" :
			    row->type == OPTION_CHOICE ? row->choices : NULL;
			if (p == NULL)
				continue;
			printf("\t%s) echo ", row->name);
			for (; *p != '\0'; p++)
				putchar(*p == '|' ? ' ' : *p);
			printf(" ;;\n");
		}
	}
	printf("\tframing) echo");
	list_framings("");
	printf(" ;;\n\tconnections) echo each ;;\n");
}

/* Arms by which a command's operands find their list. */
static void
shell_operand_arms(void)
{
	const struct command *const *c;
	size_t i;

	for (i = 0; i < SHELL_NOPERANDS; i++)
		printf("\t%s.%d) echo %s ;;\n", shell_operands[i].command,
		    shell_operands[i].operand, shell_operands[i].words);
	for (c = command_table; *c != NULL; c++)
		if ((*c)->flags & COMMAND_SESSION)
			printf("\t%s.1) echo sessions ;;\n", (*c)->name);
}

/* Arms by which a command finds its own options. */
static void
shell_option_arms(void)
{
	const struct command *const *c;
	const struct command_option *o;

	for (c = command_table; *c != NULL; c++) {
		if ((*c)->options == NULL)
			continue;
		printf("\t%s) echo", (*c)->name);
		for (o = (*c)->options; o->name != NULL; o++) {
			if (o->code < 256)
				printf(" -%c", o->code);
			printf(" --%s%s", o->name, o->argument ? "=" : "");
		}
		printf(" ;;\n");
	}
}

/* Functions that print words, which bash and zsh understand alike. */
static void
shell_functions(void)
{
	size_t i;

	printf("_fifoctl_operand()\n{\n\tcase $1.$2 in\n");
	shell_operand_arms();
	printf("\tesac\n}\n\n_fifoctl_own()\n{\n\tcase $1 in\n");
	shell_option_arms();
	printf("\tesac\n}\n\n_fifoctl_values()\n{\n\tcase $1 in\n");
	shell_choices();
	printf("\tesac\n}\n\n_fifoctl_words()\n{\n\tcase $1 in\n");
	for (i = 0; i < SHELL_NLISTS; i++) {
		printf("\t%s) echo", shell_lists[i].name);
		shell_lists[i].print();
		printf(" ;;\n");
	}
	printf("\tsessions) fifoctl ${2:+-r \"$2\"} list 2>/dev/null |\n"
	    "\t    while read -r name rest; do echo \"$name\"; done ;;\n"
	    "\tesac\n}\n\n");
}

/*
 * bash breaks words at = and : (COMP_WORDBREAKS), so the line is cut anew at
 * blanks, and what stands before the last break in the word at hand is taken
 * off the answers.
 */
static const char shell_bash[] =
    "_fifoctl()\n"
    "{\n"
    "\tlocal line=${COMP_LINE:0:COMP_POINT} cur before=''\n"
    "\tlocal command='' rundir='' words='' i n=0\n"
    "\tlocal -a argv\n"
    "\n"
    "\tread -r -a argv <<<\"$line\"\n"
    "\t[[ $line == *[[:blank:]] ]] && argv+=('')\n"
    "\tcur=${argv[${#argv[@]} - 1]}\n"
    "\tfor ((i = 1; i < ${#argv[@]} - 1; i++)); do\n"
    "\t\tcase ${argv[i]} in\n"
    "\t\t-r) [[ -z $command ]] && rundir=${argv[++i]} ;;\n"
    "\t\t-[dopt]) ((i++)) ;;\n"
    "\t\t-*) ;;\n"
    "\t\t*)\tif [[ -z $command ]]; then command=${argv[i]}\n"
    "\t\t\telse ((++n)); fi ;;\n"
    "\t\tesac\n"
    "\tdone\n"
    "\tCOMPREPLY=()\n"
    "\tcase ${argv[${#argv[@]} - 2]} in\n"
    "\t-d|-r)\tcompopt -o dirnames; return ;;\n"
    "\t-[pt])\treturn ;;\n"
    "\t-o)\twords=$(_fifoctl_words options) ;;\n"
    "\t*)\tif [[ -z $command ]]; then\n"
    "\t\t\twords=$(_fifoctl_words commands)\n"
    "\t\telif [[ $cur == --@(close|directory)=* ]]; then\n"
    "\t\t\tcompopt -o dirnames; return\n"
    "\t\telif [[ $cur == -* ]]; then\n"
    "\t\t\twords=$(_fifoctl_own \"$command\")\n"
    "\t\telse\n"
    "\t\t\twords=$(_fifoctl_operand \"$command\" $((n + 1)))\n"
    "\t\t\twords=$(_fifoctl_words \"$words\" \"$rundir\")\n"
    "\t\tfi ;;\n"
    "\tesac\n"
    "\tif [[ $cur == *=* && $cur != -* ]]; then\n"
    "\t\twords=$(_fifoctl_values \"${cur%%=*}\")\n"
    "\t\twords=\" ${words// / ${cur%%=*}=}\"\n"
    "\t\twords=${words/ / ${cur%%=*}=}\n"
    "\tfi\n"
    "\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
    "\t[[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[=/:] ]] &&\n"
    "\t    compopt -o nospace\n"
    "\t[[ $cur == *[:=]* ]] && before=${cur%\"${cur##*[:=]}\"}\n"
    "\tCOMPREPLY=(\"${COMPREPLY[@]#\"$before\"}\")\n"
    "}\n"
    "complete -F _fifoctl fifoctl\n";

void
tables_bash(void)
{
	printf("# bash completion for fifoctl, made from its tables\n\n");
	shell_functions();
	fputs(shell_bash, stdout);
}

static const char shell_zsh[] =
    "_fifoctl()\n"
    "{\n"
    "\tlocal command='' rundir='' cur=$words[CURRENT] list i n=0\n"
    "\tlocal -a found\n"
    "\n"
    "\tfor ((i = 2; i < CURRENT; i++)); do\n"
    "\t\tcase $words[i] in\n"
    "\t\t-r) [[ -z $command ]] && rundir=$words[++i] ;;\n"
    "\t\t-[dopt]) ((i++)) ;;\n"
    "\t\t-*) ;;\n"
    "\t\t*)\tif [[ -z $command ]]; then command=$words[i]\n"
    "\t\t\telse ((++n)); fi ;;\n"
    "\t\tesac\n"
    "\tdone\n"
    "\tcase $words[CURRENT-1] in\n"
    "\t-d|-r)\t_files -/; return ;;\n"
    "\t-[pt])\treturn ;;\n"
    "\t-o)\tfound=($(_fifoctl_words options)) ;;\n"
    "\t*)\tif [[ -z $command ]]; then\n"
    "\t\t\t_describe command _fifoctl_commands; return\n"
    "\t\telif [[ $cur == --(close|directory)=* ]]; then\n"
    "\t\t\tcompset -P '*='; _files -/; return\n"
    "\t\telif [[ $cur == -* ]]; then\n"
    "\t\t\tfound=($(_fifoctl_own $command))\n"
    "\t\telse\n"
    "\t\t\tlist=$(_fifoctl_operand $command $((n + 1)))\n"
    "\t\t\tfound=($(_fifoctl_words \"$list\" \"$rundir\"))\n"
    "\t\tfi ;;\n"
    "\tesac\n"
    "\tif [[ $cur == *=* && $cur != -* ]]; then\n"
    "\t\tfound=($(_fifoctl_values ${cur%%=*}))\n"
    "\t\tfound=(${cur%%=*}=$^found)\n"
    "\tfi\n"
    "\tcompadd -S '' -- ${(M)found:#*[=/:]}\n"
    "\tcompadd -- ${found:#*[=/:]}\n"
    "}\n"
    "\n"
    "_fifoctl \"$@\"\n";

void
tables_zsh(void)
{
	const struct command *const *c;
	char line[512];

	printf("#compdef fifoctl\n# made from fifoctl's tables\n\n"
	    "typeset -ga _fifoctl_commands=(\n");
	for (c = command_table; *c != NULL; c++) {
		snprintf(line, sizeof(line), "%s:%s", (*c)->name, (*c)->text);
		printf("\t");
		shell_quote(line);
		printf("\n");
	}
	printf(")\n\n");
	shell_functions();
	fputs(shell_zsh, stdout);
}

/* --- fish: a line for each word --- */

#define FISH "complete -c fifoctl -n '__fish_seen_subcommand_from %s'"

static void
fish_option(const struct command *c, const struct command_option *o)
{
	printf(FISH " -l %s", c->name, o->name);
	if (o->code < 256)
		printf(" -s %c", o->code);
	if (o->argument != NULL)
		printf(strcmp(o->argument, "DIR") == 0 ? " -r -F" : " -x");
	if (o->argument != NULL && strcmp(o->argument, "KEY=VALUE") == 0) {
		printf(" -a '");
		list_options();
		list_framings("framing=");
		printf("'");
	}
	printf(" -d ");
	shell_quote(o->text);
	printf("\n");
}

static void
fish_command(const struct command *c)
{
	const struct command_option *o;

	printf("complete -c fifoctl -n __fish_use_subcommand -a %s -d ",
	    c->name);
	shell_quote(c->text);
	printf("\n");
	if (c->flags & COMMAND_SESSION)
		printf(FISH " -a '(__fifoctl_sessions)'\n", c->name);
	for (o = c->options; o != NULL && o->name != NULL; o++)
		fish_option(c, o);
}

void
tables_fish(void)
{
	const struct command *const *c;
	size_t i, j;

	printf("# fish completion for fifoctl, made from its tables\n\n"
	    "function __fifoctl_sessions\n"
	    "\tfifoctl list 2>/dev/null | string replace -r ' .*' ''\nend\n\n"
	    "complete -c fifoctl -f\n"
	    "complete -c fifoctl -n __fish_use_subcommand -s r -r -F "
	    "-d 'The run directory'\n");
	for (c = command_table; *c != NULL; c++)
		fish_command(*c);
	for (i = 0; i < SHELL_NOPERANDS; i++) {
		printf(FISH " -a '", shell_operands[i].command);
		for (j = 0; j < SHELL_NLISTS; j++)
			if (strcmp(shell_lists[j].name,
			    shell_operands[i].words) == 0)
				shell_lists[j].print();
		printf("'\n");
	}
}

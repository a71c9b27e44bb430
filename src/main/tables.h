/*
 * The tables of the program, printed for the manual and the shells.
 */
#ifndef MAIN_TABLES_H
#define MAIN_TABLES_H

/* Fragments of mdoc(7), to be included within a section (tables_mdoc.c). */
void tables_mdoc_commands(void);
void tables_mdoc_options(void);
void tables_mdoc_endpoints(void);
void tables_mdoc_proxies(void);
void tables_mdoc_starttls(void);
void tables_mdoc_framings(void);
void tables_mdoc_facts(void);
void tables_mdoc_metrics(void);
void tables_mdoc_ctl(void);
void tables_mdoc_limit_options(void);
void tables_mdoc_limits(void);
void tables_mdoc_exit(void);
void tables_mdoc_questions(void);

/* Completions (tables_shell.c). */
void tables_bash(void);
void tables_zsh(void);
void tables_fish(void);

#endif

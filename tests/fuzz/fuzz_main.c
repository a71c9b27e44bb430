/*
 * Plays a corpus without libFuzzer: a target that is linked with this prints
 * TAP, a test for each file.
 *
 * usage: fuzz_NAME [FILE | DIRECTORY]..., by default tests/fuzz/corpus/NAME in
 * $srcdir.
 */
#include <dirent.h>
#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"
#include "../unit/tap.h"

/* There where sanitizers are (sanitizer/common_interface_defs.h). */
void __sanitizer_set_death_callback(void (*)(void)) __attribute__((weak));

static const char *playing;

static void
say_which(void)
{
	static const char text[] = "\n# this input: ";

	if (write(1, text, sizeof(text) - 1) == -1 ||
	    write(1, playing, strlen(playing)) == -1 ||
	    write(1, "\n", 1) == -1)
		_exit(1);
}

static void
on_abort(int signo)
{
	say_which();
	signal(signo, SIG_DFL);
	raise(signo);
}

static void
play_file(const char *path, const char *name)
{
	FILE *file = fopen(path, "r");
	struct stat st;
	uint8_t *data;
	size_t n;

	if (file == NULL || fstat(fileno(file), &st) == -1)
		err(1, "%s", path);
	data = xcalloc((size_t)st.st_size + 1, 1);
	n = fread(data, 1, (size_t)st.st_size, file);
	fclose(file);
	playing = path;
	LLVMFuzzerTestOneInput(data, n);
	free(data);
	ok(true, name);
}

static int
shown(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

static void
play_directory(const char *directory)
{
	struct dirent **entries;
	int i, n = scandir(directory, &entries, shown, alphasort);
	char *path;

	if (n == -1)
		err(1, "%s", directory);
	for (i = 0; i < n; i++) {
		path = xasprintf("%s/%s", directory, entries[i]->d_name);
		play_file(path, entries[i]->d_name);
		free(path);
		free(entries[i]);
	}
	free(entries);
	ok(n > 0, "there is a corpus");
}

/* A target may go to another directory. */
static void
play(const char *path)
{
	char *absolute = realpath(path, NULL);
	struct stat st;

	if (absolute == NULL || stat(absolute, &st) == -1)
		err(1, "%s", path);
	if (S_ISDIR(st.st_mode))
		play_directory(absolute);
	else
		play_file(absolute, path);
	free(absolute);
}

int
main(int argc, char **argv)
{
	const char *srcdir = getenv("srcdir");
	const char *name = strstr(argv[0], "fuzz_");
	char *directory;
	int i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (__sanitizer_set_death_callback != NULL)
		__sanitizer_set_death_callback(say_which);
	signal(SIGABRT, on_abort);
	for (i = 1; i < argc; i++)
		play(argv[i]);
	if (argc == 1) {
		directory = xasprintf("%s/tests/fuzz/corpus/%s",
		    srcdir == NULL ? "." : srcdir,
		    name == NULL ? "" : name + strlen("fuzz_"));
		play(directory);
		free(directory);
	}
	return tap_done();
}

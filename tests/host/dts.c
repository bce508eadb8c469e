/* See dts.h. */
#include "dts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void die(const char *what)
{
	perror(what);
	abort();
}

static void write_source(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	if (!f)
		die(path);
	if (strncmp(text, "/dts-v1/", 8) == 0)
		(void)fputs(text, f);
	else
		(void)fprintf(f, "/dts-v1/;\n/ {\n%s\n};\n", text);
	if (fclose(f))
		die(path);
}

static void *read_blob(FILE *f, size_t *len)
{
	static char buf[1 << 20];
	void *blob;

	*len = fread(buf, 1, sizeof(buf), f);
	blob = aligned_alloc(8, (*len + 15) & ~(size_t)7);
	if (!blob)
		die("blob");
	return memcpy(blob, buf, *len);
}

void *dts_compile(const char *text, size_t *len)
{
	char path[] = "/tmp/plinth-dts-XXXXXX";
	char cmd[96];
	void *blob;
	FILE *f;
	int fd = mkstemp(path);

	if (fd < 0)
		die(path);
	(void)close(fd);
	write_source(path, text);
	(void)snprintf(cmd, sizeof(cmd), "dtc -q -f -I dts -O dtb %s", path);
	f = popen(cmd, "r");
	if (!f)
		die(cmd);
	blob = read_blob(f, len);
	if (pclose(f) || *len == 0) {
		(void)fprintf(stderr, "dtc refused:\n%s\n", text);
		abort();
	}
	(void)unlink(path);
	return blob;
}

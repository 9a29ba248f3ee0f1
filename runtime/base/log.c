#include "runtime/base/log.h"

#include <assert.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

/* The one piece of state without an owner: set before there are threads, only read afterwards. */
static struct log_config log_settings = { .level = LOG_INFO };

void log_configure(const struct log_config *config)
{
	log_settings = *config;
}

/* A line in the making; what does not fit is dropped. The last byte is kept for the line's end. */
struct log_line {
	char at[LOG_LINE_MAX];
	uint32_t len;
};

static void log_add_char(struct log_line *line, char c)
{
	if (line->len < LOG_LINE_MAX - 1)
		line->at[line->len++] = c;
}

static void log_add(struct log_line *line, struct str s)
{
	for (uint32_t i = 0; i < s.len; i++)
		log_add_char(line, s.at[i]);
}

static bool log_is_plain(struct str s)
{
	for (uint32_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.at[i];

		if (c <= ' ' || c == '"' || c == '=' || c == '\\' || c == 0x7f)
			return false;
	}
	return s.len > 0;
}

/* Quoted where a reader could take it for something else; a line stays one line. */
static void log_add_value(struct log_line *line, struct str s)
{
	if (log_is_plain(s)) {
		log_add(line, s);
		return;
	}
	log_add_char(line, '"');
	for (uint32_t i = 0; i < s.len; i++) {
		char c = s.at[i];

		if (c == '"' || c == '\\')
			log_add_char(line, '\\');
		if ((unsigned char)c < ' ' || c == 0x7f) {
			char hex[8];

			log_add(line, str_of(hex, (size_t)snprintf(hex, sizeof hex, "\\x%02x",
								   (unsigned char)c)));
			continue;
		}
		log_add_char(line, c);
	}
	log_add_char(line, '"');
}

static void log_add_number(struct log_line *line, const struct log_field *field)
{
	char digits[24];
	int len;

	if (field->kind == LOG_FIELD_I64)
		len = snprintf(digits, sizeof digits, "%lld", (long long)field->number);
	else
		len = snprintf(digits, sizeof digits, "%llu", (unsigned long long)field->number);
	log_add(line, str_of(digits, (size_t)len));
}

static void log_add_field(struct log_line *line, const struct log_field *field)
{
	log_add_char(line, ' ');
	log_add(line, str_from(field->name));
	log_add_char(line, '=');
	switch (field->kind) {
	case LOG_FIELD_I64:
	case LOG_FIELD_U64: log_add_number(line, field); break;
	case LOG_FIELD_STR: log_add_value(line, field->text); break;
	case LOG_FIELD_STATUS:
		log_add(line, str_from(status_name((enum status)field->number)));
		break;
	}
}

static struct wall log_now(void)
{
	struct timespec now;

	if (log_settings.now != NULL)
		return log_settings.now(log_settings.arg);
	clock_gettime(CLOCK_REALTIME, &now);
	return (struct wall){ now.tv_sec * TIME_S + now.tv_nsec };
}

static void log_begin(struct log_line *line, enum log_level level, const char *who)
{
	static const char *const names[] = { " DEBUG ", " INFO ", " WARN ", " ERROR " };
	char time[TIME_TEXT];

	assert((unsigned)level <= LOG_ERROR);
	log_add(line, time_print_micro(log_now(), time));
	log_add(line, str_from(names[level]));
	if (log_settings.prefix != NULL) {
		log_add(line, str_from(log_settings.prefix));
		log_add_char(line, '/');
	}
	log_add(line, str_from(who));
	log_add(line, STR(": "));
}

/* One write a line, so that lines of several processes on one stderr do not mix. */
static void log_to_stderr(struct str line)
{
	while (line.len > 0) {
		ssize_t n = write(STDERR_FILENO, line.at, line.len);

		if (n <= 0)
			return; /* nobody listens: there is no other place to say so */
		line = str_slice(line, (uint32_t)n, line.len);
	}
}

void log_write(enum log_level level, const char *who, const char *event,
	       const struct log_field *fields, uint32_t count)
{
	struct log_line line;

	if (level < log_settings.level)
		return;
	line.len = 0;
	log_begin(&line, level, who);
	log_add(&line, str_from(event));
	for (uint32_t i = 0; i < count; i++)
		log_add_field(&line, &fields[i]);
	line.at[line.len++] = '\n';
	if (log_settings.write != NULL)
		log_settings.write(log_settings.arg, (struct str){ line.at, line.len });
	else
		log_to_stderr((struct str){ line.at, line.len });
}

#include <stdio.h>

#include "deploy/main/command/document.h"
#include "deploy/main/drill/demo-private.h"

static void report_document(const struct demo *demo)
{
	struct text out = text_new(64 * KIB);
	struct document doc = document_in(&out, DOCUMENT_JSON);

	document_u64(&doc, "ready_ms", (uint64_t)demo->ready_ms);
	document_u64(&doc, "ha_ms", (uint64_t)demo->ha_ms);
	document_u64(&doc, "rollout_ms", (uint64_t)demo->rollout_ms);
	document_list(&doc, "outages");
	for (uint32_t i = 0; i < demo->act_count; i++) {
		document_object(&doc, NULL);
		document_str(&doc, "what", str_from(demo->acts[i].what));
		document_u64(&doc, "writes_ms", (uint64_t)demo->acts[i].outage.writes_ms);
		document_u64(&doc, "reads_ms", (uint64_t)demo->acts[i].outage.reads_ms);
		document_u64(&doc, "controllers_ms", (uint64_t)demo->acts[i].outage.controllers_ms);
		document_close(&doc);
	}
	document_close(&doc);
	document_u64(&doc, "watch_gap_ms", (uint64_t)demo->watch_gap_ms);
	document_str(&doc, "promoted", demo->promoted[0] ? str_from(demo->promoted) : STR_NONE);
	document_u64(&doc, "lost_writes", demo->lost_writes);
	document_u64(&doc, "pods_replaced", demo->pods_replaced);
	document_object(&doc, "memory_bytes");
	for (uint32_t i = 0; i < demo->node_count; i++)
		document_u64(&doc, demo->nodes[i].name, demo->memory_bytes[i]);
	document_close(&doc);
	document_end(&doc);
	fwrite(out.at, 1, out.len, stdout);
	text_fini(&out);
}

void demo_report(const struct demo *demo)
{
	demo_say(demo, " ");
	demo_say(demo,
		 "  what was killed -9                    writes    reads  controllers  watch");
	for (uint32_t i = 0; i < demo->act_count; i++)
		demo_say(demo, "  %-34s %6jd ms %5jd ms %9jd ms %5jd ms", demo->acts[i].what,
			 (intmax_t)demo->acts[i].outage.writes_ms,
			 (intmax_t)demo->acts[i].outage.reads_ms,
			 (intmax_t)demo->acts[i].outage.controllers_ms,
			 (intmax_t)demo->acts[i].outage.watch_ms);
	demo_say(demo, "  (the longest that a client was kept waiting, on any surviving node)");
	demo_say(demo, " ");
	demo_say(demo, "  %ju writes were acknowledged, %ju of them are lost",
		 (uintmax_t)demo->probe.acknowledged_count, (uintmax_t)demo->lost_writes);
	if (demo->promoted[0] != '\0')
		demo_say(demo, "  %s, which stood by, has the vote of the lost machine",
			 demo->promoted);
	demo_say(demo, "  %ju pods of the lost machine were replaced",
		 (uintmax_t)demo->pods_replaced);
	for (uint32_t i = 0; i < demo->node_count; i++)
		if (demo->memory_bytes[i] != 0)
			demo_say(demo, "  %s used %ju.%ju MB of memory in all its processes",
				 demo->nodes[i].name, (uintmax_t)(demo->memory_bytes[i] / 1000000),
				 (uintmax_t)(demo->memory_bytes[i] / 100000 % 10));
	if (demo->is_json)
		report_document(demo);
}

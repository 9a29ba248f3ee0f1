/*
 * Which requests a policy is about: rules, selectors, scopes.
 *
 * For the plug-ins of policies and webhooks. As upstream's matchers.
 */
#ifndef ACTORS_ADMISSION_POLICY_MATCH_H
#define ACTORS_ADMISSION_POLICY_MATCH_H

#include "actors/admission/plugin.h"
#include "datastore/schema/admissionregistration.h"

/* Reviews and the kinds of policies themselves are never judged by policies. */
bool policy_match_is_exempt(const struct admission *admission);
/* By its namespace and by its own labels, before or after the change. */
bool policy_match_selectors(const struct admission *admission,
			    const struct meta_label_selector *namespaces,
			    const struct meta_label_selector *objects);
/*
 * The request as the first rule that is about it knows it, *view NULL if none is: itself, or with `is_equivalent` a copy in the words of another
 * resource by which the same stored objects are asked for, its objects converted. DENY: they cannot be, and `failure` is set. WAIT: to stand behind
 * `return`, and to be asked again.
 */
enum check policy_match_rules(struct admission *admission,
			      struct admissionregistration_rule_with_operations_list rules,
			      bool is_equivalent, const struct admission **view);
/*
 * NULL matches everything, as a binding without its own does. `*as` is the other resource by which the first rule knows the request, without a type if it
 * is the request's own.
 */
bool policy_match(const struct admission *admission,
		  const struct admissionregistration_match_resources *match, struct equivalent *as);

/* ---- words that only a webhook knows: those of another version of a definition ---- */

/* PASS: what follows is known. WAIT: as above. */
enum check policy_match_prepare(struct admission *admission, const struct equivalent *as);
/* Why the request cannot be shown in these words, in upstream's; absent: it can. */
struct str policy_match_failed(const struct admission *admission, const struct equivalent *as);
/* The object is what `view`, if it is not NULL, shows of it, and no longer what others were shown. */
void policy_match_changed(struct admission *admission, const struct admission *view);
/*
 * The object becomes what the view, which a webhook has made, shows of it. PASS: it is; DENY: it cannot, *failed says why; WAIT: as above. Other views are
 * of no use any more.
 */
enum check policy_match_take(struct admission *admission, const struct admission *view,
			     struct str *failed);

/* The request in the words of one of them, kept while the next policy knows it by the same. Zeroed: none yet. */
struct policy_view {
	struct equivalent as;
	const struct admission *admission;
};

/* True: it is another now. */
bool policy_view_by(struct policy_view *view, const struct admission *admission,
		    const struct equivalent *as);

#endif

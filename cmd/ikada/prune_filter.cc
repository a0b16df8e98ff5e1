#include <stdio.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "cluster/engine/time_argument.h"
#include "cmd/ikada/prune.h"
#include "cmd/ikada/terminal_prompt.h"
#include "runtime/base/number.h"
#include "runtime/base/text.h"

namespace ikada {
namespace {

bool has_label(const std::map<std::string, std::string>& labels, const std::string& wanted) {
  const Cut parts = cut(wanted, '=');
  const auto found = labels.find(std::string(parts.before));
  return found != labels.end() && (!parts.found || found->second == parts.after);
}

}  // namespace

Result<PruneFilter> parse_prune_filters(const std::vector<std::string>& filters, UnixNanos now) {
  PruneFilter parsed;
  for (const std::string& text : filters) {
    const Cut parts = cut(text, '=');
    if (!parts.found) {
      return make_error(
          ErrorKind::kInvalid, "invalid filter '{}': not of the form name=value", text);
    }
    if (parts.before == "until") {
      IK_LET(until, parse_time_argument(parts.after, now).context("invalid filter 'until'"));
      parsed.until = until;
    } else if (parts.before == "label") {
      parsed.labels.emplace_back(parts.after);
    } else if (parts.before == "label!") {
      parsed.other_labels.emplace_back(parts.after);
    } else {
      return make_error(ErrorKind::kInvalid, "invalid filter '{}'", parts.before);
    }
  }
  return parsed;
}

bool passes(const PruneFilter& filter,
            UnixNanos created,
            const std::map<std::string, std::string>& labels) {
  const auto has = [&](const std::string& wanted) { return has_label(labels, wanted); };
  return created < filter.until && std::ranges::all_of(filter.labels, has) &&
         std::ranges::none_of(filter.other_labels, has);
}

Result<void> confirm_prune(const Context& context, const std::string& warning, bool force) {
  if (force) return {};
  IK_LET(answer, prompt_line(warning + "Are you sure you want to continue? [y/N] "));
  const std::string word = lower_case(trim(answer));
  if (word == "y" || word == "yes") return {};
  return make_error(ErrorKind::kConflict, "{} has been cancelled", context.command);
}

void print_reclaimed(std::uint64_t bytes) {
  ::printf("Total reclaimed space: %s\n", format_decimal_size(bytes).c_str());
}

}  // namespace ikada

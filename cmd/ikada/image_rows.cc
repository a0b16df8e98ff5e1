#include "cmd/ikada/image_rows.h"

#include <fnmatch.h>

#include <algorithm>
#include <set>

#include "runtime/base/number.h"
#include "runtime/base/text.h"

namespace ikada {
namespace {

constexpr std::string_view kNone = "<none>";
constexpr UnixNanos kSecond = 1'000'000'000;

struct NamedRow {
  std::string repository{kNone};
  std::string tag{kNone};
  std::string digest{kNone};
  std::optional<Reference> reference = {};
};

// "docker.io/library/web" for comparing names with digests.
std::string repository_key(const Reference& reference) {
  return reference.registry + "/" + reference.repository;
}

// With --digests each digest of a name's repository is shown beside its tag; a digest of a
// repository without a tag has a row of its own, and an image without names too.
Result<std::vector<NamedRow>> named_rows(const StoredImage& image, bool digests) {
  std::vector<NamedRow> rows;
  std::vector<Reference> by_digest;
  for (const std::string& text : image.repo_digests) {
    IK_LET(reference, parse_reference(text));
    by_digest.push_back(std::move(reference));
  }
  std::set<std::string> tagged;
  for (const std::string& text : image.references) {
    IK_LET(reference, parse_reference(text));
    tagged.insert(repository_key(reference));
    NamedRow row{.repository = reference.familiar_name(), .tag = reference.tag};
    for (const Reference& each : by_digest) {
      if (repository_key(each) == repository_key(reference)) row.digest = each.digest;
    }
    row.reference = std::move(reference);
    rows.push_back(std::move(row));
  }
  for (const Reference& each : by_digest) {
    if (tagged.contains(repository_key(each))) continue;
    rows.push_back({.repository = each.familiar_name(),
                    .digest = digests ? each.digest : std::string(kNone),
                    .reference = each});
  }
  if (rows.empty()) rows.emplace_back();
  return rows;
}

bool has_labels(const ImageConfig& config, const std::vector<std::string>& wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const std::string& text) {
    const Cut parts = cut(text, '=');
    const auto found = config.labels.find(std::string(parts.before));
    return found != config.labels.end() && (!parts.found || found->second == parts.after);
  });
}

bool is_wanted(const NamedRow& row, const ImageFilter& filter) {
  if (filter.references.empty()) return true;
  return row.reference.has_value() &&
         std::any_of(
             filter.references.begin(), filter.references.end(), [&](const std::string& pattern) {
               return matches_reference(pattern, *row.reference);
             });
}

UnixNanos created_time(const ImageConfig& config) {
  return parse_rfc3339(config.created).value_or(0);
}

// "2026-11-23 21:10:15 +0000 UTC".
std::string format_created_at(UnixNanos time) {
  std::string text = format_rfc3339(time).substr(0, 19);
  text[10] = ' ';
  return text + " +0000 UTC";
}

Json make_row(const NamedRow& named,
              const StoredImage& image,
              UnixNanos created,
              const ImageRowOptions& options) {
  constexpr size_t kShortId = 12;
  const std::string size = format_decimal_size(image.size_bytes);
  const bool dated = created != 0;
  return {
      {"Containers", "N/A"},
      {"CreatedAt", dated ? format_created_at(created) : "N/A"},
      {"CreatedSince",
       dated ? format_duration_words((unix_now() - created) / kSecond) + " ago" : "N/A"},
      {"Digest", named.digest},
      {"ID", options.no_trunc ? image.id : image.id.substr(7, kShortId)},
      {"Repository", named.repository},
      {"SharedSize", "N/A"},
      {"Size", size},
      {"Tag", named.tag},
      {"UniqueSize", "N/A"},
      {"VirtualSize", size},
  };
}

Result<UnixNanos> created_of(const ImageStore& store, const std::string& name, UnixNanos none) {
  if (name.empty()) return none;
  IK_LET(image, store.find(name));
  IK_LET(config, store.config(image));
  return created_time(config);
}

}  // namespace

Result<ImageFilter> parse_image_filters(const std::vector<std::string>& filters) {
  ImageFilter parsed;
  for (const std::string& text : filters) {
    const Cut parts = cut(text, '=');
    const std::string value(parts.after);
    if (!parts.found) {
      return make_error(
          ErrorKind::kInvalid, "invalid filter '{}': not of the form name=value", text);
    }
    if (parts.before == "reference") {
      parsed.references.push_back(value);
    } else if (parts.before == "label") {
      parsed.labels.push_back(value);
    } else if (parts.before == "before") {
      parsed.before = value;
    } else if (parts.before == "since") {
      parsed.since = value;
    } else if (parts.before == "dangling") {
      const std::string word = lower_case(value);
      const bool yes = word == "true" || word == "1";
      if (!yes && word != "false" && word != "0") {
        return make_error(ErrorKind::kInvalid, "invalid filter 'dangling={}'", value);
      }
      parsed.dangling = yes;
    } else {
      return make_error(ErrorKind::kInvalid, "invalid filter '{}'", parts.before);
    }
  }
  return parsed;
}

bool matches_reference(const std::string& pattern, const Reference& reference) {
  return ::fnmatch(pattern.c_str(), reference.familiar().c_str(), FNM_PATHNAME) == 0 ||
         ::fnmatch(pattern.c_str(), reference.familiar_name().c_str(), FNM_PATHNAME) == 0;
}

Result<std::vector<Json>> list_image_rows(const ImageStore& store,
                                          const ImageFilter& filter,
                                          const ImageRowOptions& options) {
  IK_LET(images, store.list());
  IK_LET(before, created_of(store, filter.before, INT64_MAX));
  IK_LET(since, created_of(store, filter.since, INT64_MIN));
  std::vector<Json> rows;
  for (const StoredImage& image : images) {
    const bool dangling = image.references.empty() && image.repo_digests.empty();
    if (filter.dangling.has_value() && *filter.dangling != dangling) continue;
    IK_LET(config, store.config(image));
    const UnixNanos created = created_time(config);
    if (created >= before || created <= since || !has_labels(config, filter.labels)) continue;
    IK_LET(names, named_rows(image, options.digests));
    for (const NamedRow& each : names) {
      if (is_wanted(each, filter)) rows.push_back(make_row(each, image, created, options));
    }
  }
  return rows;
}

}  // namespace ikada

// The rows of `ikada images`: a row for each name of an image, one for a nameless one.
//
// Source: docker-images(1); docker "Format command and log output".
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "image/store.h"
#include "runtime/base/clock.h"
#include "runtime/base/json.h"
#include "runtime/base/result.h"

namespace ikada {

struct ImageFilter {
  std::vector<std::string> references;  // Patterns of fnmatch(3), "*/web:1.*"; any may match.
  std::optional<bool> dangling;
  std::vector<std::string> labels;  // "key" or "key=value"; all must match.
  std::string before;               // A name or id; empty for none.
  std::string since;
};

// kInvalid in docker's words for a filter there is not.
Result<ImageFilter> parse_image_filters(const std::vector<std::string>& filters);

struct ImageRowOptions {
  bool no_trunc = false;
  bool digests = false;
};

Result<std::vector<Json>> list_image_rows(const ImageStore& store,
                                          const ImageFilter& filter,
                                          const ImageRowOptions& options);

// Whether a pattern means the reference, by its familiar name with or without tag.
bool matches_reference(const std::string& pattern, const Reference& reference);

}  // namespace ikada

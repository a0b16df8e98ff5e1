// The names of the repositories that have manifests, in byte order.
//
// Found by walking the directories, pruned by the page that is asked for, so that no list has to be
// kept true.
#pragma once

#include <functional>
#include <string>

#include "image/registry/layout.h"
#include "image/registry/page.h"
#include "runtime/base/result.h"

namespace ikada::registry {

// Only names for which `is_visible` holds are listed and counted.
Result<Page> list_repositories(const Layout& layout,
                               const PageRequest& request,
                               const std::function<bool(const std::string&)>& is_visible);

// All directories that are repositories, with or without manifests, for those who work on each.
Result<std::vector<std::string>> all_repositories(const Layout& layout);

}  // namespace ikada::registry

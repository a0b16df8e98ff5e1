// What a person gives a build: the context, the Dockerfile and the files that do not count.
//
// A context is a directory, a tar file, the URL of one or, as "-", a tar on stdin; a text on stdin
// or of a URL that is no tar is a Dockerfile without a context. Git repositories are refused.
// Archives are unpacked into the store's staging, where the next command removes them if this one
// is killed.
//
// Source: docker-build(1).
#pragma once

#include <string>

#include "image/dockerfile/dockerfile.h"
#include "image/dockerfile/ignore_patterns.h"
#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"

namespace ikada {

struct BuildContext {
  BuildContext() = default;
  BuildContext(BuildContext&&) noexcept = default;
  BuildContext& operator=(BuildContext&&) = delete;
  // Removes what was unpacked.
  ~BuildContext();

  std::string directory;  // Empty: there is none.
  Dockerfile file;
  IgnorePatterns ignore;
  std::string unpacked;  // The directory to remove; locked.
  UniqueFd lock;
};

// `where` and `dockerfile` (empty: DIRECTORY/Dockerfile, else Containerfile) as typed; `root` is
// the store's.
Result<BuildContext> open_build_context(const std::string& where,
                                        const std::string& dockerfile,
                                        const std::string& root);

}  // namespace ikada

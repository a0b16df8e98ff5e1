// The name of an image: "nginx", "ghcr.io/team/app:2", "localhost:5000/web@sha256:…", in Docker's
// normal form.
//
// Source: distribution reference grammar (OCI distribution-spec 1.1, "Pulling manifests";
// docker-pull(1)).
#pragma once

#include <string>
#include <string_view>

#include "runtime/base/result.h"

namespace ikada {

struct Reference {
  std::string registry;    // "docker.io", "localhost:5000".
  std::string repository;  // "library/nginx".
  std::string tag;         // "latest"; empty if only a digest was given.
  std::string digest;      // "sha256:…" or empty.

  // Whole: "docker.io/library/nginx:latest". This is the name under which the store keeps it.
  std::string canonical() const;

  // As people write it: without "docker.io/" and "library/", e.g. "nginx:latest".
  std::string familiar() const;

  // familiar() without tag and digest, the REPOSITORY column of `ikada images`.
  std::string familiar_name() const;
};

// kInvalid with code REFERENCE_INVALID for anything outside the grammar.
Result<Reference> parse_reference(std::string_view text);

// The registry a person means: "localhost:5000", "https://index.docker.io/v1/" (docker.io).
// kInvalid with code REFERENCE_INVALID.
Result<std::string> parse_registry(std::string_view text);

// "library/nginx": path components of lower-case letters and digits, at most 255 bytes in all.
bool is_repository_name(std::string_view text);

// "latest", "v1.2_rc-3": at most 128 bytes.
bool is_tag_name(std::string_view text);

}  // namespace ikada

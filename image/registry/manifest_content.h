// What a registry must know of a manifest that is pushed: its type, what it refers to, its subject.
//
// Nothing else in it is looked at: artifacts of any kind are kept as they are. One body has one
// meaning: what could be read as two kinds, repeats a key, or disagrees with its Content-Type is
// refused. Foreign layers (with URLs) need not be in the registry.
//
// Source: OCI image-spec 1.1, manifest.md, image-index.md; distribution-spec 1.1, "Pushing
// manifests"; distribution, "Image Manifest Version 2, Schema 2".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "image/registry/content_digest.h"
#include "runtime/base/json.h"
#include "runtime/base/result.h"

namespace ikada::registry {

inline constexpr size_t kMaxManifestContentBytes = size_t{4} << 20;
inline constexpr size_t kMaxReferences = 4096;

struct ContentReference {
  ContentDigest digest;
  std::uint64_t size_bytes = 0;
  bool is_manifest = false;  // An entry of an index.
};

struct ManifestContent {
  std::string media_type;
  std::vector<ContentReference> references;  // What must be there: config, layers, manifests.
  std::optional<ContentDigest> subject;
  std::string artifact_type;  // Of a manifest without one, its config's media type.
  Json annotations;           // An object, or null.
};

// `content_type` is the Content-Type of the push; empty for what lies in the store already.
// MANIFEST_INVALID or DIGEST_INVALID.
Result<ManifestContent> parse_manifest_content(std::string_view text,
                                               std::string_view content_type);

// The descriptor by which the referrers API lists a manifest.
Json referrer_descriptor(const ManifestContent& content,
                         const ContentDigest& digest,
                         std::uint64_t size_bytes);

}  // namespace ikada::registry

// Which of the registry's things a request is about. Pure: everything in a Route has passed its
// grammar and may be used in a path.
//
// Source: OCI distribution-spec 1.1, "Endpoints"; RFC 3986.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "image/registry/content_digest.h"
#include "runtime/base/result.h"

namespace ikada::registry {

enum class Endpoint {
  kRoot,       // /v2/
  kCatalog,    // /v2/_catalog
  kBlob,       // /v2/NAME/blobs/DIGEST
  kUploads,    // /v2/NAME/blobs/uploads/
  kUpload,     // /v2/NAME/blobs/uploads/ID
  kManifest,   // /v2/NAME/manifests/REFERENCE
  kTags,       // /v2/NAME/tags/list
  kReferrers,  // /v2/NAME/referrers/DIGEST
  kToken,      // /token
  kHealth,     // /healthz
};

struct Route {
  Endpoint endpoint = Endpoint::kRoot;
  std::string repository;
  ContentDigest digest;   // Of a blob, of a manifest's reference, or the subject of referrers.
  std::string tag;        // A manifest's reference that is no digest.
  std::string upload_id;  // 32 hexadecimal digits.
  std::multimap<std::string, std::string> query;

  // The first value of a query parameter; null if it is not there.
  const std::string* find_query(const std::string& name) const;
};

// `target` is a request's: an absolute path, perhaps with a query. PATH_UNKNOWN, NAME_INVALID,
// DIGEST_INVALID, MANIFEST_UNKNOWN for a bad tag, BLOB_UPLOAD_UNKNOWN, REQUEST_INVALID.
Result<Route> parse_route(std::string_view target);

// application/x-www-form-urlencoded, as in a query. REQUEST_INVALID for a bad escape.
Result<std::multimap<std::string, std::string>> parse_query(std::string_view text);

// Escapes what is not allowed to stand in a query's value.
std::string escape_query(std::string_view text);

}  // namespace ikada::registry

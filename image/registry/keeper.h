// Who decides for a registry that is part of something larger: who calls, what they may, and which
// images there are. A site without one decides by its configuration and its files.
//
// With a keeper the files are only what images consist of: a manifest that was stored counts when
// the keeper has it on record, and tags are the keeper's alone. Everything here may wait and is
// called in the site's pool, from several threads at once. Errors are those of failure.h.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "image/registry/access.h"
#include "image/registry/authorization.h"
#include "image/registry/content_digest.h"
#include "runtime/base/result.h"

namespace ikada::registry {

// An image that has come.
struct PushedImage {
  std::string user;
  std::string repository;
  std::string tag;  // Empty: by its digest.
  ContentDigest digest;
  std::string media_type;
  std::string artifact_type;
  std::uint64_t size_bytes = 0;        // Of what the manifest refers to, if that is no manifest.
  std::vector<std::string> manifests;  // Of an index.
  std::string subject;
  std::vector<std::string> blobs;  // Digests of config and layers.
  bool must_be_new = false;        // It may not be there with that tag.
};

class Keeper {
 public:
  Keeper() = default;
  Keeper(const Keeper&) = delete;
  Keeper& operator=(const Keeper&) = delete;
  virtual ~Keeper() = default;

  // Who that is; UNAUTHORIZED.
  virtual Result<std::string> identify(const BasicAuthorization& given) = 0;
  // The same of what a URL's query has as `token`, for the repository's blob alone.
  virtual Result<std::string> identify_link(const std::string& token,
                                            const std::string& repository,
                                            const std::string& digest) = 0;

  // NAME_UNKNOWN if there is no such repository, DENIED.
  virtual Result<void> authorize(const std::string& user,
                                 const std::string& repository,
                                 Action action) = 0;

  // The image that a tag or a digest names. MANIFEST_UNKNOWN.
  virtual Result<ContentDigest> find_image(const std::string& repository,
                                           const std::string& reference) = 0;

  // Puts an image on record whose files are on the disk. TAG_INVALID if the tag may not be moved.
  virtual Result<void> record(const PushedImage& image) = 0;

  // A tag, or an image with all its tags. MANIFEST_UNKNOWN, DENIED.
  virtual Result<void> remove(const std::string& user,
                              const std::string& repository,
                              const std::string& reference) = 0;

  virtual Result<std::vector<std::string>> tags(const std::string& repository) = 0;
  virtual Result<std::vector<std::string>> repositories(const std::string& user) = 0;

  // Whether the image is on record; in doubt true.
  virtual bool keeps(const std::string& repository, const std::string& digest) = 0;

  // Brings what is missing here from elsewhere into the repository, a manifest also if it is
  // spoilt. BLOB_UNKNOWN.
  virtual Result<void> obtain(const std::string& repository,
                              const ContentDigest& digest,
                              bool is_manifest) = 0;

  // A client is about to be told that this blob is here and need not be pushed: is it right? One
  // that is spoilt is right afterwards, or gone.
  virtual void verify(const ContentDigest& digest) = 0;
};

}  // namespace ikada::registry

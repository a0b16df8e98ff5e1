// index.json of the store: which images there are and what they are called.
//
// Pure text work; the store reads and replaces the file.
//
// Source: OCI image-spec 1.1, image-index.md, annotations.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "image/manifest.h"
#include "image/store.h"
#include "runtime/base/result.h"

namespace ikada {

// Entries that are not ikada's are left out.
Result<std::vector<IndexedImage>> parse_store_index(std::string_view text);
std::string format_store_index(const std::vector<IndexedImage>& images);

// The entries put together by image, in the order of their first entries.
Result<std::vector<StoredImage>> group_images(const std::vector<IndexedImage>& entries);

// Lists an image; the name moves to it, and the image that had it stays nameless if it has no
// other. True if that changed what the name means.
bool add_entry(std::vector<IndexedImage>& entries, IndexedImage added);

// Takes the name away without keeping a nameless entry. Returns the image that had it, or an empty
// digest.
Digest remove_name(std::vector<IndexedImage>& entries, std::string_view name);

// "docker.io/library/nginx" of a canonical name with tag or digest.
std::string repository_of(std::string_view canonical);

}  // namespace ikada

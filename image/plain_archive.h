// What is in a file that may be packed by gzip, zstd, xz or bzip2. A confined process unpacks it
// (image/archive_child.h): whoever calls this reads plain bytes only.
#pragma once

#include <cstdint>
#include <string>

#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"

namespace ikada {

// All plain bytes of `input`, from its start if it is a file, ready to be read: the file itself if
// it is plain, else one without a name below `directory`. kInvalid if they are more than
// `max_bytes` or what packed them is damaged.
Result<UniqueFd> open_plain(const std::string& directory, int input, std::uint64_t max_bytes);

// The first `size_bytes` of them, at most 4096; fewer if there are no more. `input` is a file.
Result<std::string> read_plain_head(const std::string& directory, int input, size_t size_bytes);

}  // namespace ikada

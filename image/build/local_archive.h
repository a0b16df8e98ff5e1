// Archives that ADD unpacks: tar, plain or packed by gzip, zstd, xz or bzip2, told by their
// content.
//
// Everything is unpacked by confined processes of this program, never by a program of the image.
//
// Source: Dockerfile reference, "ADD: Adding local tar archives".
#pragma once

#include <string>

#include "runtime/base/result.h"

namespace ikada {

// Whether the open file is an archive that unpack_archive() takes. `scratch` is a directory.
Result<bool> is_archive(int fd, const std::string& scratch);

// Unpacks the open file, from its start, into `directory`, which is empty and reachable by nobody
// else.
Result<void> unpack_archive(int fd, const std::string& directory);

}  // namespace ikada

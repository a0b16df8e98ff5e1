// The process in which a layer is unpacked: this program again, started by LayerUnpacker as
//
//   PROGRAM unpack-layer BLOB-BYTES MAX-BYTES MAX-ENTRIES ANY-PACKING PARENT-PID
//
// ANY-PACKING is 1 for an archive that may be xz or bzip2, else 0;
// with descriptors 3: the directory, 4: the blob's file, 5: an eventfd(2) to which the parent adds
// the bytes that have come to the file, 6: the channel of image/unpack_channel.h.
#pragma once

#include <string_view>

namespace ikada {

inline constexpr std::string_view kUnpackVerb = "unpack-layer";
inline constexpr int kUnpackDirectoryFd = 3;
inline constexpr int kUnpackBlobFd = 4;
inline constexpr int kUnpackEventFd = 5;
inline constexpr int kUnpackChannelFd = 6;

// To be asked first thing in main(), before other threads start. True also for the process that
// reads an archive (image/archive_child.h).
bool is_unpack_child(int argc, const char* const* argv);

// Unpacks or reads, reports over the channel, and returns the exit status.
int run_unpack_child(int argc, const char* const* argv);

}  // namespace ikada

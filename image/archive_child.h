// The process in which an archive of images is read: this program again, started by ArchiveSpool as
//
//   PROGRAM read-archive MAX-FILE-BYTES PARENT-PID
//
// with descriptors 3: a directory, 4: the archive, 5: the channel. It writes the content of the
// archive's regular files into the directory as 0, 1, 2, … and says over the channel
//
//   "file" 0 NAME          the next number is that file
//   "link" 0 NAME 0 OTHER  a symbolic or hard link; OTHER is a name in the archive, too
//   "end"                  that was all; the last message
//   "error" …              as of a layer (image/unpack_channel.h); the last message
//
// Names are as in the archive. They and the files may be anything: who reads them looks for
// himself.
#pragma once

#include <string_view>

namespace ikada {

inline constexpr std::string_view kArchiveVerb = "read-archive";
inline constexpr int kArchiveDirectoryFd = 3;
inline constexpr int kArchiveInputFd = 4;
inline constexpr int kArchiveChannelFd = 5;
inline constexpr size_t kMaxArchiveFiles = 100'000;

// Reads the archive and returns the exit status.
int run_archive_child(int argc, const char* const* argv);

}  // namespace ikada

// The process in which an archive of images is read: this program again, started by ArchiveSpool as
//
//   PROGRAM read-archive MAX-FILE-BYTES PARENT-PID
//
// or by image/plain_archive, for any file that is packed, as
//
//   PROGRAM unpack-archive MAX-BYTES WANTED-BYTES PARENT-PID
//
// with descriptors 3: a directory, 4: the archive, 5: the channel. It writes the content of the
// archive's regular files into the directory as 0, 1, 2, … and says over the channel
//
//   "file" 0 NAME          the next number is that file
//   "link" 0 NAME 0 OTHER  a symbolic or hard link; OTHER is a name in the archive, too
//   "end"                  that was all; the last message
//   "error" …              as of a layer (image/unpack_channel.h); the last message
//
// or writes the plain bytes into the directory's file "plain", only WANTED-BYTES of them if that is
// not 0, and ends with "end" or "error" in the same way.
//
// Names are as in the archive. They and the files may be anything: who reads them looks for
// himself.
#pragma once

#include <string_view>

namespace ikada {

inline constexpr std::string_view kArchiveVerb = "read-archive";
inline constexpr std::string_view kPlainVerb = "unpack-archive";
inline constexpr const char* kPlainName = "plain";
inline constexpr int kArchiveDirectoryFd = 3;
inline constexpr int kArchiveInputFd = 4;
inline constexpr int kArchiveChannelFd = 5;
inline constexpr size_t kMaxArchiveFiles = 100'000;

// Reads or unpacks the archive and returns the exit status.
int run_archive_child(int argc, const char* const* argv);

}  // namespace ikada

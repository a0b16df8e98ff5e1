// A file that ADD takes from the network.
//
// Source: Dockerfile reference, "ADD: Adding files from a URL".
#pragma once

#include <ctime>
#include <string>

#include "image/digest.h"
#include "runtime/base/result.h"

namespace ikada {

struct RemoteFile {
  std::string path;  // Where it is now.
  std::string name;  // The last part of the URL's path; empty if that ends with '/'.
  Digest digest;
  std::time_t mtime = 0;  // As the server says; 0: it does not.
};

// Downloads `url` to the new file `path`, 0600. kInvalid for a URL that is none, kNotFound or
// kUnavailable with the server's answer.
Result<RemoteFile> download_file(const std::string& url, const std::string& path);

}  // namespace ikada

#include <stdlib.h>
#include <unistd.h>

#include <string>

#include "image/credentials.h"
#include "runtime/base/atomic_file.h"
#include "tests/fuzz/targets.h"

namespace ikada {
namespace {

// A file in a directory of this process's own.
class ScratchFile {
 public:
  ScratchFile() {
    std::string pattern = "/tmp/ikada-fuzz-XXXXXX";
    promise(::mkdtemp(pattern.data()) != nullptr, "mkdtemp");
    directory_ = pattern;
    path_ = directory_ + "/config.json";
  }
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;
  ~ScratchFile() {
    ::unlink(path_.c_str());
    ::rmdir(directory_.c_str());
  }
  const std::string& path() const { return path_; }

 private:
  std::string directory_;
  std::string path_;
};

}  // namespace

// No helper program is named by what is tried here: "cred" keys are left out.
void fuzz_credentials(std::string_view bytes) {
  if (bytes.find("cred") != std::string_view::npos || bytes.find('\\') != std::string_view::npos) {
    return;
  }
  static const ScratchFile file;
  promise(write_file_atomically(file.path(), bytes, 0600).has_value(), "write");
  for (const char* registry : {"docker.io", "localhost:5000"}) {
    static_cast<void>(find_credentials(file.path(), registry).has_value());
  }
}

}  // namespace ikada

// A directory for one test, removed at its end.
#pragma once

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include "runtime/sys/file.h"

namespace ikada {

class ScratchTree {
 public:
  ScratchTree() {
    char name[] = "/tmp/ikada-build-test-XXXXXX";
    path_ = ::mkdtemp(name);
  }
  ScratchTree(const ScratchTree&) = delete;
  ScratchTree& operator=(const ScratchTree&) = delete;
  ~ScratchTree() { static_cast<void>(remove_tree(path_).has_value()); }

  const std::string& path() const { return path_; }
  std::string at(const std::string& name) const { return path_ + "/" + name; }

  void write(const std::string& name, const std::string& text) const {
    static_cast<void>(make_directories(at(name.substr(0, name.rfind('/') + 1)), 0755).has_value());
    std::ofstream(at(name)) << text;
  }

  std::string read(const std::string& name) const { return read_file(at(name)).value_or("(none)"); }

  UniqueFd open() const { return open_file(path_, O_RDONLY | O_DIRECTORY).value(); }

 private:
  std::string path_;
};

}  // namespace ikada

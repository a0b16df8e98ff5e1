// A directory of a test's own, removed with everything in it.
#pragma once

#include <stdlib.h>

#include <string>

#include <doctest/doctest.h>

#include "runtime/sys/file.h"

namespace ikada {

class ScratchDirectory {
 public:
  ScratchDirectory() {
    std::string name = "/tmp/ikada-test-XXXXXX";
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  ~ScratchDirectory() { static_cast<void>(remove_tree(path_).has_value()); }

  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace ikada

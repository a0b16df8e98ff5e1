// A build as a person watches it, on stderr: each step with a number, its title, its output and how
// it ended. With several stages at once the numbers tell the lines apart.
//
//   #2 [build 2/3] RUN make
//   #2 0.412 cc -c main.c
//   #2 DONE 1.2s
//
// Source: docker build --progress=plain, whose form this is.
#pragma once

#include <stdio.h>

#include <map>
#include <string>

#include "image/build/build.h"

namespace ikada {

class BuildDisplay {
 public:
  // With `quiet` nothing is shown but the output of a step that fails.
  BuildDisplay(FILE* out, bool quiet) : out_(out), quiet_(quiet) {}

  void show(const BuildEvent& event);

 private:
  struct Step {
    std::string title;
    std::string line;  // Output without its newline yet.
    std::string kept;  // With `quiet`: the last output.
  };

  void add_output(int number, Step& step, const BuildEvent& event);
  void print(int number, const std::string& text);

  FILE* out_;
  bool quiet_;
  std::map<int, Step> steps_;  // Those that are not done.
};

}  // namespace ikada

// A build on a terminal: a line for each step that is done, and below them, always drawn anew, the
// steps that run with the end of their output.
//
//    => CACHED [build 2/4] COPY . /src
//    => [build 3/4] RUN make                                                        12.4s
//    => => cc -c main.c
//
// Of a step that fails, the output's end stays.
//
// Source: docker-build(1), --progress=tty.
#pragma once

#include <stdio.h>

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "image/build/build.h"

namespace ikada {

// Output as lines that move no cursor: without control sequences; what is overwritten after a
// carriage return is gone.
class PlainLines {
 public:
  explicit PlainLines(size_t kept) : kept_(kept) {}

  void add(std::string_view bytes);

  // The last lines, the unfinished one too if there is something on it.
  std::vector<std::string> last(size_t count) const;

 private:
  enum class Escape { kNone, kBegun, kSequence };

  void end_line();

  const size_t kept_;
  std::deque<std::string> lines_;
  std::string line_;
  bool is_overwritten_ = false;
  Escape escape_ = Escape::kNone;
};

// "text      12.4s", exactly so wide; the text is cut in front of the time.
std::string format_timed_line(std::string_view text, double seconds, size_t columns);

class BuildTerminal {
 public:
  explicit BuildTerminal(FILE* out);
  BuildTerminal(const BuildTerminal&) = delete;
  BuildTerminal& operator=(const BuildTerminal&) = delete;
  ~BuildTerminal();

  // From any thread.
  void show(const BuildEvent& event);

 private:
  struct Step {
    std::string title;
    double began_s = 0;
    PlainLines output;
  };

  void finish(const BuildEvent& event, const Step& step);
  void clear();
  void draw();
  void tick();

  FILE* out_;
  std::mutex mutex_;
  std::condition_variable ended_;
  bool is_ended_ = false;
  std::map<int, Step> steps_;  // Those that run.
  size_t drawn_lines_ = 0;
  double drawn_at_s_ = 0;
  std::thread ticker_;
};

}  // namespace ikada

// A pull as a person watches it: a line for each layer with its bar on a terminal, a line for each
// step elsewhere.
//
// Source: docker-pull(1), whose words these are.
#pragma once

#include <stdio.h>

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "cmd/ikada/context.h"
#include "image/pull.h"
#include "image/reference.h"
#include "image/store.h"
#include "runtime/base/result.h"

namespace ikada {

// "[=====>    ]  5.2MB/31MB", `cells` between the brackets.
std::string format_progress_bar(std::uint64_t done, std::uint64_t total, size_t cells);

// "12.3MB/s 4s", from what came in a time and what is still to come; empty while that is too short.
std::string format_transfer(std::uint64_t bytes, std::int64_t elapsed_ms, std::uint64_t to_come);

// Several pulls may share one; any thread may call.
class PullDisplay {
 public:
  // `out` may be a terminal or not.
  explicit PullDisplay(FILE* out);

  void show(const PullProgress& progress);

  // A line of its own below all others.
  void say(const std::string& line);

 private:
  struct Line {
    std::string id;
    std::string text;
    std::int64_t drawn_at_ms = 0;
    std::int64_t began_at_ms = 0;   // Downloading, when there were
    std::uint64_t began_bytes = 0;  // so many bytes.
  };

  void print_line(const std::string& id, const std::string& text);
  void redraw(Line& line, size_t index);

  void add_transfer(const PullProgress& progress, Line& line, std::string& text);

  std::mutex mutex_;
  FILE* out_;
  bool is_terminal_ = false;
  size_t columns_ = 80;
  size_t rows_ = 24;
  std::vector<Line> lines_;
  std::map<std::string, size_t> places_;  // Of lines_, by layer.
};

struct PullWish {
  std::string platform;  // Empty: this host's.
  bool quiet = false;    // Print nothing.
  FILE* out = stdout;
};

// Pulls and shows it, from "latest: Pulling from library/nginx" to "Status: …".
Result<PullResult> pull_and_show(const Context& context,
                                 ImageStore& store,
                                 const Reference& reference,
                                 const PullWish& wish);

// The same on a display that others use, too.
Result<PullResult> pull_and_show(const Context& context,
                                 ImageStore& store,
                                 const Reference& reference,
                                 const PullWish& wish,
                                 PullDisplay& display);

}  // namespace ikada

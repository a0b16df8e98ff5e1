// A pull as a person watches it: a line for each layer with its bar on a terminal, a line for each
// step elsewhere.
//
// Source: docker-pull(1), whose words these are.
#pragma once

#include <stdio.h>

#include <cstdint>
#include <map>
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

class PullDisplay {
 public:
  // `out` may be a terminal or not.
  explicit PullDisplay(FILE* out);

  void show(const PullProgress& progress);

 private:
  struct Line {
    std::string id;
    std::string text;
    std::int64_t drawn_at_ms = 0;
  };

  void print_line(const std::string& id, const std::string& text);
  void redraw(Line& line, size_t index);

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

}  // namespace ikada

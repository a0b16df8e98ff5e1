// The layers of images on their way, as a person watches them: a line for each with its bar on a
// terminal, a line for each step elsewhere.
//
// Source: docker-pull(1), docker-push(1), whose look this is.
#pragma once

#include <stdio.h>

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace ikada {

// "[=====>    ]  5.2MB/31MB", `cells` between the brackets.
std::string format_progress_bar(std::uint64_t done, std::uint64_t total, size_t cells);

// "12.3MB/s 4s", from what came in a time and what is still to come; empty while that is too short.
std::string format_transfer(std::uint64_t bytes, std::int64_t elapsed_ms, std::uint64_t to_come);

// Several images may share one; any thread may call.
class LayerLines {
 public:
  // `out` may be a terminal or not.
  explicit LayerLines(FILE* out);

  struct Transferred {
    std::uint64_t done_bytes = 0;
    std::uint64_t total_bytes = 0;
  };

  // What is to be said of a layer now, with a bar while it moves; away from a terminal only what is
  // new.
  void show(const std::string& digest,
            std::string text,
            const std::optional<Transferred>& transferred = {});

  // A line of its own below all others.
  void say(const std::string& line);

 private:
  struct Line {
    std::string id;
    std::string text;
    std::int64_t drawn_at_ms = 0;
    std::int64_t began_at_ms = 0;   // To move, when there were
    std::uint64_t began_bytes = 0;  // so many bytes.
  };

  void print_line(const std::string& id, const std::string& text);
  void redraw(Line& line, size_t index);

  static void add_transfer(const Transferred& transferred, Line& line, std::string& text);

  std::mutex mutex_;
  FILE* out_;
  bool is_terminal_ = false;
  size_t columns_ = 80;
  size_t rows_ = 24;
  std::vector<Line> lines_;
  std::map<std::string, size_t> places_;  // Of lines_, by layer.
};

}  // namespace ikada

// Cuts one stream of a container's output into log records: a line each, or 16 KiB of a longer one.
//
// A line that is not finished is kept until its newline comes, at most 16 KiB, so the splitter's
// memory is bounded whatever the container writes.
//
// Source: the 16 KiB are Docker's and containerd's limit of one record.
#pragma once

#include <string>
#include <string_view>

namespace ikada {

constexpr size_t kMaxLogText = size_t{16} << 10;

class LineSplitter {
 public:
  // Calls emit(text, partial) for each record that `bytes` completes. The text is valid during the
  // call only.
  template <typename Emit>
  void feed(std::string_view bytes, Emit&& emit) {
    while (!bytes.empty()) {
      const size_t newline = bytes.substr(0, kMaxLogText - kept_.size()).find('\n');
      const bool has_line = newline != std::string_view::npos;
      const size_t take = has_line ? newline : kMaxLogText - kept_.size();
      if (!has_line && bytes.size() < take) {
        kept_ += bytes;
        return;
      }
      // A line of exactly 16 KiB is one whole record, not a part and an empty rest.
      const bool ends_here = has_line || (take < bytes.size() && bytes[take] == '\n');
      if (!ends_here && take == bytes.size()) {
        kept_ += bytes;
        return;
      }
      emit_record(bytes.substr(0, take), !ends_here, emit);
      bytes.remove_prefix(take + (ends_here ? 1 : 0));
    }
  }

  // The stream has ended: what is kept becomes a partial record.
  template <typename Emit>
  void finish(Emit&& emit) {
    if (!kept_.empty()) emit_record({}, true, emit);
  }

 private:
  template <typename Emit>
  void emit_record(std::string_view rest, bool partial, Emit&& emit) {
    if (kept_.empty()) {
      emit(rest, partial);
      return;
    }
    kept_ += rest;
    emit(std::string_view(kept_), partial);
    kept_.clear();
  }

  std::string kept_;  // At most kMaxLogText.
};

}  // namespace ikada

#include "runtime/monitor/line_splitter.h"

#include <vector>

#include <doctest/doctest.h>

namespace ikada {
namespace {

// "F:text" or "P:text" for each record.
struct Records {
  LineSplitter splitter;
  std::vector<std::string> all;

  void feed(std::string_view bytes) {
    splitter.feed(bytes, [this](std::string_view text, bool partial) { add(text, partial); });
  }
  void finish() {
    splitter.finish([this](std::string_view text, bool partial) { add(text, partial); });
  }
  void add(std::string_view text, bool partial) {
    all.push_back((partial ? "P:" : "F:") + std::string(text));
  }
};

using Strings = std::vector<std::string>;

}  // namespace

TEST_CASE("each line is a record") {
  Records records;

  records.feed("one\ntwo\n\nthree\n");

  CHECK(records.all == Strings{"F:one", "F:two", "F:", "F:three"});
}

TEST_CASE("a line that comes in pieces is one record") {
  Records records;

  for (const char byte : std::string_view("ab\nc\n")) records.feed({&byte, 1});

  CHECK(records.all == Strings{"F:ab", "F:c"});
}

TEST_CASE("the end of the stream makes what is kept a partial record") {
  Records records;

  records.feed("one\ntwo");
  CHECK(records.all == Strings{"F:one"});
  records.finish();
  records.finish();

  CHECK(records.all == Strings{"F:one", "P:two"});
}

TEST_CASE("a line longer than 16 KiB is cut into parts") {
  Records records;
  const std::string part(kMaxLogText, 'x');

  records.feed(part + part + "end\n");

  CHECK(records.all == Strings{"P:" + part, "P:" + part, "F:end"});
}

TEST_CASE("a line of exactly 16 KiB is whole, however it arrives") {
  const std::string line(kMaxLogText, 'x');
  Records at_once;
  Records in_pieces;

  at_once.feed(line + "\nnext\n");
  in_pieces.feed(std::string_view(line).substr(0, 5));
  in_pieces.feed(std::string_view(line).substr(5));
  in_pieces.feed("\nnext\n");

  CHECK(at_once.all == Strings{"F:" + line, "F:next"});
  CHECK(in_pieces.all == at_once.all);
}

TEST_CASE("records are the same for every way the bytes are cut") {
  std::string bytes;
  for (size_t length : {size_t{0}, size_t{1}, kMaxLogText - 1, kMaxLogText, kMaxLogText + 1}) {
    bytes += std::string(length, 'y') + "\n";
  }
  Records whole;
  whole.feed(bytes);

  for (const size_t step : {size_t{1000}, size_t{4096}, kMaxLogText, kMaxLogText + 1}) {
    Records cut;
    for (size_t at = 0; at < bytes.size(); at += step) {
      cut.feed(std::string_view(bytes).substr(at, step));
    }
    CHECK(cut.all == whole.all);
  }
}

}  // namespace ikada

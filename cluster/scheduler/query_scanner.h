// Splits the text of a cluster query into words and symbols.
#pragma once

#include <string>
#include <string_view>

#include "runtime/base/result.h"

namespace ikada::scheduler {

struct QueryToken {
  enum class Kind { kWord, kQuoted, kSymbol, kEnd };

  Kind kind = Kind::kEnd;
  std::string text;     // Without quotes; of a symbol as it is written.
  size_t position = 0;  // Of its first byte, from 0.

  bool is_symbol(std::string_view symbol) const { return kind == Kind::kSymbol && text == symbol; }
  bool is_word(std::string_view word) const { return kind == Kind::kWord && text == word; }
  bool is_literal() const { return kind == Kind::kWord || kind == Kind::kQuoted; }
};

class QueryScanner {
 public:
  // `text` outlives the scanner.
  explicit QueryScanner(std::string_view text) : text_(text) {}

  // The token at the current position; kInvalid for an open quote or a byte that fits nowhere.
  Result<QueryToken> next();

  // The same where a regular expression stands: a bare one extends to the next space, "&&", "||" or
  // closing parenthesis that it has not opened itself.
  Result<QueryToken> next_pattern();

 private:
  void skip_spaces();
  Result<QueryToken> quoted();

  std::string_view text_;
  size_t position_ = 0;
};

// "cluster query: character N: WHAT".
Error query_error(size_t position, std::string_view what);

}  // namespace ikada::scheduler

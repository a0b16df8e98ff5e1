#include "cluster/scheduler/query_scanner.h"

#include <array>

namespace ikada::scheduler {
namespace {

constexpr std::string_view kSpaces = " \t\r\n";

// Those of two bytes first.
constexpr std::array<std::string_view, 17> kSymbols = {
    "==", "!=", ">=", "<=", "=~", "!~", "&&", "||", ">", "<", "!", "(", ")", "[", "]", ",", "="};

bool ends_word(char letter) {
  return kSpaces.find(letter) != std::string_view::npos ||
         std::string_view("()[],\"'=!<>&|~").find(letter) != std::string_view::npos;
}

}  // namespace

Error query_error(size_t position, std::string_view what) {
  return make_error(ErrorKind::kInvalid, "cluster query: character {}: {}", position + 1, what);
}

void QueryScanner::skip_spaces() {
  while (position_ < text_.size() && kSpaces.find(text_[position_]) != std::string_view::npos) {
    ++position_;
  }
}

Result<QueryToken> QueryScanner::quoted() {
  QueryToken token{.kind = QueryToken::Kind::kQuoted, .text = "", .position = position_};
  const char quote = text_[position_];
  for (size_t i = position_ + 1; i < text_.size(); ++i) {
    if (text_[i] == quote) {
      position_ = i + 1;
      return token;
    }
    if (text_[i] == '\\' && i + 1 < text_.size() && text_[i + 1] == quote) ++i;
    token.text += text_[i];
  }
  return query_error(position_, "this quote is not closed");
}

Result<QueryToken> QueryScanner::next() {
  skip_spaces();
  QueryToken token{.kind = QueryToken::Kind::kEnd, .text = "", .position = position_};
  if (position_ == text_.size()) return token;
  if (text_[position_] == '"' || text_[position_] == '\'') return quoted();
  for (const std::string_view symbol : kSymbols) {
    if (!text_.substr(position_).starts_with(symbol)) continue;
    token.kind = QueryToken::Kind::kSymbol;
    token.text = symbol;
    position_ += symbol.size();
    return token;
  }
  const size_t begin = position_;
  while (position_ < text_.size() && !ends_word(text_[position_])) ++position_;
  if (position_ == begin) return query_error(begin, "unexpected character");
  token.kind = QueryToken::Kind::kWord;
  token.text = text_.substr(begin, position_ - begin);
  return token;
}

Result<QueryToken> QueryScanner::next_pattern() {
  skip_spaces();
  QueryToken token{.kind = QueryToken::Kind::kEnd, .text = "", .position = position_};
  if (position_ == text_.size()) return token;
  if (text_[position_] == '"' || text_[position_] == '\'') return quoted();
  size_t open = 0;
  const size_t begin = position_;
  for (; position_ < text_.size(); ++position_) {
    const char letter = text_[position_];
    if (kSpaces.find(letter) != std::string_view::npos) break;
    const std::string_view two = text_.substr(position_, 2);
    if (two == "&&" || two == "||") break;
    if (letter == ')' && open == 0) break;
    if (letter == '(') ++open;
    if (letter == ')') --open;
    if (letter == '\\' && position_ + 1 < text_.size()) ++position_;  // "\)" closes nothing.
  }
  if (position_ == begin) return token;
  token.kind = QueryToken::Kind::kWord;
  token.text = text_.substr(begin, position_ - begin);
  return token;
}

}  // namespace ikada::scheduler

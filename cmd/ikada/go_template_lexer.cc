#include "cmd/ikada/go_template_lexer.h"

#include <algorithm>
#include <charconv>

#include "runtime/base/text.h"

namespace ikada {
namespace {

constexpr std::string_view kOpen = "{{";
constexpr std::string_view kClose = "}}";
constexpr std::string_view kSpaces = " \t\r\n";

bool is_space(char c) { return kSpaces.find(c) != std::string_view::npos; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_name(char c) { return is_name_start(c) || is_digit(c); }

std::string_view trim_right(std::string_view text) {
  const size_t last = text.find_last_not_of(kSpaces);
  return last == std::string_view::npos ? std::string_view() : text.substr(0, last + 1);
}

// The character after a backslash in a quoted string; '\0' if there is no such escape.
char unescape(char c) {
  switch (c) {
    case 'n':
      return '\n';
    case 't':
      return '\t';
    case 'r':
      return '\r';
    case 'a':
      return '\a';
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'v':
      return '\v';
    case '\\':
    case '"':
    case '\'':
      return c;
    default:
      return '\0';
  }
}

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  Result<std::vector<Token>> read() {
    bool trim_left = false;
    while (true) {
      const size_t open = text_.find(kOpen, at_);
      const size_t end = open == std::string_view::npos ? text_.size() : open;
      std::string_view outside = text_.substr(at_, end - at_);
      if (trim_left)
        outside.remove_prefix(std::min(outside.find_first_not_of(kSpaces), outside.size()));
      const bool trims = open != std::string_view::npos && marks_trim(open + kOpen.size());
      if (trims) outside = trim_right(outside);
      if (!outside.empty()) add(Token::Kind::kText, at_, std::string(outside));
      at_ = end;
      if (open == std::string_view::npos) break;
      IK_LET(trims_next, read_action(trims));
      trim_left = trims_next;
    }
    add(Token::Kind::kEnd, text_.size(), "end of the template");
    return std::move(tokens_);
  }

 private:
  // "{{- " with the space.
  bool marks_trim(size_t at) const {
    return at + 1 < text_.size() && text_[at] == '-' && is_space(text_[at + 1]);
  }

  void add(Token::Kind kind, size_t offset, std::string text, Json literal = nullptr) {
    tokens_.push_back({.kind = kind,
                       .text = std::move(text),
                       .literal = std::move(literal),
                       .offset = offset,
                       .touches_previous = touches_});
    touches_ = true;
  }

  char peek(size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }

  // From the opening braces to behind the closing ones; true if they trim what follows.
  Result<bool> read_action(bool trims) {
    const size_t start = at_;
    at_ += kOpen.size() + (trims ? 1 : 0);
    const std::string_view rest = text_.substr(at_);
    const std::string_view unspaced =
        rest.substr(std::min(rest.find_first_not_of(kSpaces), rest.size()));
    if (unspaced.starts_with("/*")) return read_comment(start);
    add(Token::Kind::kOpen, start, "{{");
    touches_ = false;
    while (true) {
      if (at_ >= text_.size()) return template_syntax_error(start, "unclosed action");
      if (is_space(peek())) {
        const bool trims_next = peek(1) == '-' && text_.substr(at_ + 2).starts_with(kClose);
        at_ += trims_next ? 2 : 1;
        touches_ = false;
        if (!trims_next) continue;
        close();
        return true;
      }
      if (text_.substr(at_).starts_with(kClose)) {
        close();
        return false;
      }
      IK_TRY(read_token());
    }
  }

  void close() {
    add(Token::Kind::kClose, at_, "}}");
    at_ += kClose.size();
  }

  Result<bool> read_comment(size_t start) {
    const size_t end = text_.find("*/", at_);
    if (end == std::string_view::npos) return template_syntax_error(start, "unclosed comment");
    at_ = end + 2;
    const std::string_view rest = text_.substr(at_);
    for (const std::string_view closing : {" -}}", "}}"}) {
      if (!rest.starts_with(closing)) continue;
      at_ += closing.size();
      return closing.size() > kClose.size();
    }
    return template_syntax_error(start, "comment ends before closing delimiter");
  }

  std::string take_name() {
    const size_t start = at_;
    while (is_name(peek())) ++at_;
    return std::string(text_.substr(start, at_ - start));
  }

  Result<void> read_token() {
    const size_t start = at_;
    const char c = peek();
    if (c == '.' && is_name_start(peek(1))) {
      ++at_;
      add(Token::Kind::kField, start, take_name());
    } else if (c == '.') {
      ++at_;
      add(Token::Kind::kDot, start, ".");
    } else if (c == '$') {
      ++at_;
      add(Token::Kind::kVariable, start, "$" + take_name());
    } else if (c == '"') {
      return read_string();
    } else if (c == '`') {
      const size_t end = text_.find('`', at_ + 1);
      if (end == std::string_view::npos)
        return template_syntax_error(start, "unterminated raw string");
      std::string raw(text_.substr(at_ + 1, end - at_ - 1));
      at_ = end + 1;
      add(Token::Kind::kLiteral, start, "string", std::move(raw));
    } else if (is_digit(c) || ((c == '-' || c == '+') && is_digit(peek(1)))) {
      return read_number();
    } else if (is_name_start(c)) {
      read_word();
    } else if (c == ':' && peek(1) == '=') {
      at_ += 2;
      add(Token::Kind::kSymbol, start, ":=");
    } else if (std::string_view("()|,=").find(c) != std::string_view::npos) {
      ++at_;
      add(Token::Kind::kSymbol, start, std::string(1, c));
    } else {
      return template_syntax_error(start, fmt::format("unexpected character '{}'", c));
    }
    return {};
  }

  void read_word() {
    const size_t start = at_;
    const std::string word = take_name();
    if (word == "true" || word == "false") {
      add(Token::Kind::kLiteral, start, word, word == "true");
    } else if (word == "nil") {
      add(Token::Kind::kLiteral, start, word);
    } else {
      add(Token::Kind::kWord, start, word);
    }
  }

  Result<void> read_string() {
    const size_t start = at_++;
    std::string value;
    while (peek() != '"') {
      if (at_ >= text_.size() || peek() == '\n') {
        return template_syntax_error(start, "unterminated quoted string");
      }
      char c = peek();
      if (c == '\\') {
        ++at_;
        c = unescape(peek());
        if (c == '\0')
          return template_syntax_error(at_, fmt::format("unknown escape '\\{}'", peek()));
      }
      value += c;
      ++at_;
    }
    ++at_;
    add(Token::Kind::kLiteral, start, "string", std::move(value));
    return {};
  }

  Result<void> read_number() {
    const size_t start = at_++;
    while (is_name(peek()) || peek() == '.') ++at_;
    std::string_view digits = text_.substr(start, at_ - start);
    if (digits.front() == '+') digits.remove_prefix(1);
    const char* const end = digits.data() + digits.size();
    std::int64_t integer = 0;
    if (std::from_chars(digits.data(), end, integer).ptr == end) {
      add(Token::Kind::kLiteral, start, "number", integer);
      return {};
    }
    double real = 0;
    if (std::from_chars(digits.data(), end, real).ptr == end) {
      add(Token::Kind::kLiteral, start, "number", real);
      return {};
    }
    return template_syntax_error(start, fmt::format("bad number '{}'", digits));
  }

  std::string_view text_;
  size_t at_ = 0;
  bool touches_ = false;
  std::vector<Token> tokens_;
};

}  // namespace

Error template_syntax_error(size_t offset, std::string_view what) {
  return make_error(
      ErrorKind::kInvalid, "template parsing error: at character {}: {}", offset + 1, what);
}

Result<std::vector<Token>> read_template_tokens(std::string_view text) {
  return Lexer(text).read();
}

}  // namespace ikada

#include "cmd/ikada/go_template_syntax.h"

#include <algorithm>

#include "cmd/ikada/go_template_lexer.h"

namespace ikada {
namespace {

constexpr int kMaxDepth = 100;

bool is_keyword(const Token& token, std::string_view word) {
  return token.kind == Token::Kind::kWord && token.text == word;
}

class Parser {
 public:
  explicit Parser(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  Result<std::vector<Node>> parse() {
    IK_LET(list, parse_list(0));
    if (!at_end()) {
      return template_syntax_error(peek().offset,
                                   fmt::format("unexpected {{{{{}}}}}", peek_action()));
    }
    return list;
  }

 private:
  bool at_end() const { return peek().kind == Token::Kind::kEnd; }
  const Token& peek() const { return tokens_[next_]; }
  const Token& take() { return tokens_[next_++]; }
  bool next_is(char symbol) const {
    return peek().kind == Token::Kind::kSymbol && peek().text.front() == symbol;
  }

  // The word after the opening braces that are next, or nothing.
  std::string_view peek_action() const {
    if (peek().kind != Token::Kind::kOpen) return {};
    const Token& word = tokens_[next_ + 1];
    return word.kind == Token::Kind::kWord ? std::string_view(word.text) : std::string_view();
  }

  Result<void> expect_close() {
    if (peek().kind != Token::Kind::kClose) {
      return template_syntax_error(peek().offset,
                                   fmt::format("unexpected '{}' in action", peek().text));
    }
    ++next_;
    return {};
  }

  // Nodes up to {{else}}, {{end}} or the end of the text.
  Result<std::vector<Node>> parse_list(int depth) {
    std::vector<Node> nodes;
    if (depth > kMaxDepth) return template_syntax_error(peek().offset, "nested too deeply");
    while (!at_end()) {
      if (peek().kind == Token::Kind::kText) {
        nodes.push_back({.kind = Node::Kind::kText, .text = take().text});
        continue;
      }
      const std::string_view action = peek_action();
      if (action == "else" || action == "end") break;
      IK_LET(node, parse_action(depth));
      nodes.push_back(std::move(node));
    }
    return nodes;
  }

  Result<Node> parse_action(int depth) {
    const std::string action(peek_action());
    const size_t offset = take().offset;  // The braces.
    if (action == "define" || action == "template" || action == "block") {
      return template_syntax_error(offset, action + " is not supported");
    }
    if (action == "if") return parse_control(Node::Kind::kIf, depth);
    if (action == "range") return parse_control(Node::Kind::kRange, depth);
    if (action == "with") return parse_control(Node::Kind::kWith, depth);
    Node node{.kind = Node::Kind::kAction};
    if (action == "break" || action == "continue") {
      ++next_;
      node.kind = action == "break" ? Node::Kind::kBreak : Node::Kind::kContinue;
      if (ranges_ == 0) return template_syntax_error(offset, action + " outside range");
    } else {
      IK_LET(pipeline, parse_pipeline(depth));
      node.pipeline = std::move(pipeline);
    }
    IK_TRY(expect_close());
    return node;
  }

  // if, range or with, after the braces; also the rest of "else if".
  Result<Node> parse_control(Node::Kind kind, int depth) {
    const size_t offset = take().offset;  // The keyword.
    Node node{.kind = kind};
    IK_LET(pipeline, parse_pipeline(depth));
    node.pipeline = std::move(pipeline);
    if (node.pipeline.variables.size() > 1 && kind != Node::Kind::kRange) {
      return template_syntax_error(offset, "too many variables");
    }
    IK_TRY(expect_close());
    ranges_ += kind == Node::Kind::kRange ? 1 : 0;
    IK_LET(body, parse_list(depth + 1));
    ranges_ -= kind == Node::Kind::kRange ? 1 : 0;
    node.body = std::move(body);
    if (at_end()) return template_syntax_error(offset, "no {{end}} for this action");
    if (peek_action() == "else") {
      next_ += 2;
      const bool chained = is_keyword(peek(), "if") || is_keyword(peek(), "with");
      if (chained) {
        // "else if" shares the {{end}} of the first one.
        const bool is_if = is_keyword(peek(), "if");
        IK_LET(inner, parse_control(is_if ? Node::Kind::kIf : Node::Kind::kWith, depth + 1));
        node.otherwise.push_back(std::move(inner));
        return node;
      }
      IK_TRY(expect_close());
      IK_LET(otherwise, parse_list(depth + 1));
      node.otherwise = std::move(otherwise);
      if (peek_action() != "end")
        return template_syntax_error(offset, "no {{end}} for this action");
    }
    next_ += 2;
    IK_TRY(expect_close());
    return node;
  }

  Result<Pipeline> parse_pipeline(int depth) {
    Pipeline pipeline;
    if (depth > kMaxDepth) return template_syntax_error(peek().offset, "nested too deeply");
    parse_declaration(pipeline);
    while (true) {
      IK_LET(call, parse_call(depth));
      pipeline.calls.push_back(std::move(call));
      if (!next_is('|')) break;
      ++next_;
    }
    return pipeline;
  }

  // "$a :=", "$a =", "$a, $b :=" in front of a pipeline.
  void parse_declaration(Pipeline& pipeline) {
    size_t at = next_;
    std::vector<std::string> names;
    while (tokens_[at].kind == Token::Kind::kVariable && tokens_[at].text != "$") {
      names.push_back(tokens_[at++].text);
      if (tokens_[at].kind != Token::Kind::kSymbol || tokens_[at].text != ",") break;
      ++at;
    }
    const Token& sign = tokens_[at];
    if (names.empty() || sign.kind != Token::Kind::kSymbol) return;
    if (sign.text != ":=" && sign.text != "=") return;
    pipeline.variables = std::move(names);
    pipeline.declares = sign.text == ":=";
    next_ = at + 1;
  }

  Result<Call> parse_call(int depth) {
    Call call{.operands = {}, .offset = peek().offset};
    while (peek().kind != Token::Kind::kClose && !next_is('|') && !next_is(')')) {
      if (at_end()) return template_syntax_error(call.offset, "unclosed action");
      IK_LET(operand, parse_operand(depth));
      call.operands.push_back(std::move(operand));
    }
    if (call.operands.empty()) return template_syntax_error(call.offset, "missing value");
    return call;
  }

  Result<Operand> parse_operand(int depth) {
    const Token& token = take();
    Operand operand;
    switch (token.kind) {
      case Token::Kind::kDot:
        return operand;
      case Token::Kind::kField:
        operand.path.push_back(token.text);
        break;
      case Token::Kind::kVariable:
        operand.kind = Operand::Kind::kVariable;
        operand.name = token.text;
        break;
      case Token::Kind::kLiteral:
        operand.kind = Operand::Kind::kLiteral;
        operand.literal = token.literal;
        return operand;
      case Token::Kind::kWord:
        operand.kind = Operand::Kind::kFunction;
        operand.name = token.text;
        return operand;
      default: {
        if (token.text != "(") {
          return template_syntax_error(token.offset, fmt::format("unexpected '{}'", token.text));
        }
        IK_LET(inner, parse_pipeline(depth + 1));
        if (!next_is(')')) return template_syntax_error(token.offset, "unclosed left parenthesis");
        ++next_;
        operand.kind = Operand::Kind::kPipeline;
        operand.pipeline = std::make_unique<Pipeline>(std::move(inner));
        break;
      }
    }
    // .A.B is one operand, .A .B are two: the lexer marks fields that touch what is before them.
    while (peek().kind == Token::Kind::kField && peek().touches_previous) {
      operand.path.push_back(take().text);
    }
    return operand;
  }

  std::vector<Token> tokens_;
  size_t next_ = 0;
  int ranges_ = 0;
};

}  // namespace

Result<std::vector<Node>> parse_template(std::string_view text) {
  IK_LET(tokens, read_template_tokens(text));
  return Parser(std::move(tokens)).parse();
}

}  // namespace ikada

#include "cmd/ikada/go_template.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "cmd/ikada/go_template_functions.h"
#include "cmd/ikada/go_template_syntax.h"
#include "runtime/base/text.h"

namespace ikada {

struct Template::Tree {
  std::vector<Node> nodes;
};

namespace {

// A template over a large document must not fill the memory.
constexpr size_t kMaxOutputBytes = size_t{256} << 20;

enum class Flow { kOn, kBreak, kContinue };

struct Variable {
  std::string name;
  Json value;
};

// {{.Label "com.example.role"}} above its column: "role".
std::string header_of_key(std::string_view key) {
  const size_t dot = key.rfind('.');
  std::string header(dot == std::string_view::npos ? key : key.substr(dot + 1));
  std::ranges::replace_if(
      header, [](char c) { return c == '-' || c == '_'; }, ' ');
  return header;
}

class Execution {
 public:
  Execution(const Json& data, const TemplateOptions& options) : root_(data), options_(options) {}

  Result<Flow> run(const std::vector<Node>& nodes, const Json& dot) {
    const size_t variables = variables_.size();
    Flow flow = Flow::kOn;
    for (const Node& node : nodes) {
      IK_LET(next, run_node(node, dot));
      flow = next;
      if (flow != Flow::kOn) break;
    }
    variables_.resize(variables);
    return flow;
  }

  std::string take_output() { return std::move(output_); }

 private:
  Result<Flow> run_node(const Node& node, const Json& dot) {
    switch (node.kind) {
      case Node::Kind::kText:
        output_ += node.text;
        return Flow::kOn;
      case Node::Kind::kBreak:
        return Flow::kBreak;
      case Node::Kind::kContinue:
        return Flow::kContinue;
      case Node::Kind::kAction: {
        IK_LET(value, evaluate(node.pipeline, dot));
        if (node.pipeline.variables.empty())
          output_ += print_value(value);
        else
          IK_TRY(assign(node.pipeline, 0, std::move(value)));
        if (output_.size() > kMaxOutputBytes) {
          return make_error(ErrorKind::kInvalid, "template: more than 256 MiB of output");
        }
        return Flow::kOn;
      }
      case Node::Kind::kRange:
        return run_range(node, dot);
      default:
        return run_branch(node, dot);
    }
  }

  // if and with.
  Result<Flow> run_branch(const Node& node, const Json& dot) {
    const size_t variables = variables_.size();
    IK_LET(value, evaluate(node.pipeline, dot));
    if (!node.pipeline.variables.empty()) IK_TRY(assign(node.pipeline, 0, value));
    const bool taken = is_true(value);
    const bool moves_dot = taken && node.kind == Node::Kind::kWith;
    IK_LET(flow, run(taken ? node.body : node.otherwise, moves_dot ? value : dot));
    variables_.resize(variables);
    return flow;
  }

  Result<Flow> run_range(const Node& node, const Json& dot) {
    IK_LET(list, evaluate(node.pipeline, dot));
    if (!list.is_array() && !list.is_object() && !list.is_null()) {
      return make_error(ErrorKind::kInvalid, "template: range can't iterate over {}", list.dump());
    }
    if (list.empty()) return run(node.otherwise, dot);
    const size_t variables = variables_.size();
    size_t position = 0;
    for (const auto& item : list.items()) {
      const Json key = list.is_array() ? Json(position++) : Json(item.key());
      const std::vector<std::string>& names = node.pipeline.variables;
      if (names.size() == 2) IK_TRY(assign(node.pipeline, 0, key));
      if (!names.empty()) IK_TRY(assign(node.pipeline, names.size() - 1, item.value()));
      IK_LET(flow, run(node.body, item.value()));
      variables_.resize(variables);
      if (flow == Flow::kBreak) break;
    }
    return Flow::kOn;
  }

  Result<void> assign(const Pipeline& pipeline, size_t which, Json value) {
    const std::string& name = pipeline.variables[which];
    if (pipeline.declares) {
      variables_.push_back({.name = name, .value = std::move(value)});
      return {};
    }
    for (auto variable = variables_.rbegin(); variable != variables_.rend(); ++variable) {
      if (variable->name != name) continue;
      variable->value = std::move(value);
      return {};
    }
    return make_error(ErrorKind::kInvalid, "template: undefined variable \"{}\"", name);
  }

  Result<Json> evaluate(const Pipeline& pipeline, const Json& dot) {
    Json value;
    for (size_t i = 0; i < pipeline.calls.size(); ++i) {
      IK_LET(next, evaluate_call(pipeline.calls[i], dot, i == 0 ? nullptr : &value));
      value = std::move(next);
    }
    return value;
  }

  Result<Json> evaluate_call(const Call& call, const Json& dot, const Json* piped) {
    Result<Json> value = evaluate_unplaced(call, dot, piped);
    if (value.has_value() || value.error().message.starts_with("template: ")) return value;
    return std::move(value).context("template: at character {}", call.offset + 1);
  }

  Result<Json> evaluate_unplaced(const Call& call, const Json& dot, const Json* piped) {
    const Operand& first = call.operands.front();
    const bool alone = call.operands.size() == 1 && piped == nullptr;
    if (alone && first.kind != Operand::Kind::kFunction) return operand_value(first, dot);
    std::vector<Json> arguments;
    for (size_t i = 1; i < call.operands.size(); ++i) {
      IK_LET(value, operand_value(call.operands[i], dot));
      arguments.push_back(std::move(value));
      // and, or stop at the first argument that decides.
      if (first.name == "and" && !is_true(arguments.back())) return arguments.back();
      if (first.name == "or" && is_true(arguments.back())) return arguments.back();
    }
    if (piped != nullptr) arguments.push_back(*piped);
    if (first.kind == Operand::Kind::kFunction) return call_function(first.name, arguments);
    return call_method(first, arguments);
  }

  Result<Json> call_function(const std::string& name, const std::vector<Json>& arguments) {
    static constexpr std::string_view kLeftAlone[] = {
        "json", "lower", "upper", "title", "truncate", "join", "split", "pad"};
    const bool keeps = options_.is_header && !arguments.empty() &&
                       std::ranges::find(kLeftAlone, name) != std::end(kLeftAlone);
    return keeps ? arguments.front() : call_template_function(name, arguments);
  }

  // {{.Label "key"}}.
  Result<Json> call_method(const Operand& operand, const std::vector<Json>& arguments) {
    const bool is_method = operand.kind == Operand::Kind::kDot && operand.path.size() == 1 &&
                           arguments.size() == 1 && arguments[0].is_string() &&
                           options_.methods != nullptr &&
                           options_.methods->contains(operand.path[0]);
    if (!is_method) {
      const std::string name = operand.path.empty() ? "operand" : operand.path.back();
      return make_error(ErrorKind::kInvalid, "can't give argument to non-function {}", name);
    }
    const auto& key = arguments[0].get_ref<const std::string&>();
    if (options_.is_header) return Json(header_of_key(key));
    const Json& values = options_.methods->at(operand.path[0]);
    const auto found = values.find(key);
    return found == values.end() ? Json("") : *found;
  }

  Result<Json> operand_value(const Operand& operand, const Json& dot) {
    switch (operand.kind) {
      case Operand::Kind::kLiteral:
        return operand.literal;
      case Operand::Kind::kFunction:
        return call_function(operand.name, {});
      case Operand::Kind::kPipeline: {
        IK_LET(value, evaluate(*operand.pipeline, dot));
        return follow(value, operand.path);
      }
      case Operand::Kind::kVariable: {
        if (operand.name == "$") return follow(root_, operand.path);
        for (auto variable = variables_.rbegin(); variable != variables_.rend(); ++variable) {
          if (variable->name == operand.name) return follow(variable->value, operand.path);
        }
        return make_error(ErrorKind::kInvalid, "undefined variable \"{}\"", operand.name);
      }
      default:
        return follow(dot, operand.path);
    }
  }

  static Result<Json> follow(const Json& from, const std::vector<std::string>& path) {
    const Json* value = &from;
    for (const std::string& name : path) {
      if (value->is_null()) {
        return make_error(ErrorKind::kInvalid, "nil pointer evaluating field {}", name);
      }
      if (!value->is_object()) {
        return make_error(
            ErrorKind::kInvalid, "can't evaluate field {} in a {}", name, value->type_name());
      }
      const auto found = value->find(name);
      if (found == value->end()) {
        return make_error(ErrorKind::kInvalid, "map has no entry for key \"{}\"", name);
      }
      value = &*found;
    }
    return *value;
  }

  const Json& root_;
  const TemplateOptions& options_;
  std::vector<Variable> variables_;
  std::string output_;
};

Result<void> check_functions(const std::vector<Node>& nodes);

Result<void> check_functions(const Pipeline& pipeline) {
  for (const Call& call : pipeline.calls) {
    for (const Operand& operand : call.operands) {
      if (operand.pipeline != nullptr) IK_TRY(check_functions(*operand.pipeline));
      if (operand.kind != Operand::Kind::kFunction || is_template_function(operand.name)) continue;
      return make_error(ErrorKind::kInvalid,
                        "template parsing error: at character {}: function \"{}\" not defined",
                        call.offset + 1,
                        operand.name);
    }
  }
  return {};
}

Result<void> check_functions(const std::vector<Node>& nodes) {
  for (const Node& node : nodes) {
    IK_TRY(check_functions(node.pipeline));
    IK_TRY(check_functions(node.body));
    IK_TRY(check_functions(node.otherwise));
  }
  return {};
}

}  // namespace

Template::Template(std::unique_ptr<Tree> tree) : tree_(std::move(tree)) {}
Template::Template(Template&&) noexcept = default;
Template& Template::operator=(Template&&) noexcept = default;
Template::~Template() = default;

Result<Template> Template::parse(std::string_view text) {
  IK_LET(nodes, parse_template(text));
  IK_TRY(check_functions(nodes));
  return Template(std::make_unique<Tree>(Tree{.nodes = std::move(nodes)}));
}

Result<std::string> Template::execute(const Json& data, const TemplateOptions& options) const {
  Execution execution(data, options);
  IK_LET(flow, execution.run(tree_->nodes, data));
  static_cast<void>(flow);
  return execution.take_output();
}

Result<std::string> render(std::string_view text, const Json& data) {
  IK_LET(parsed, Template::parse(text));
  return parsed.execute(data);
}

}  // namespace ikada

// The part of Go's text/template that people type after --format.
//
// Understood: text; {{.Field.Sub}}, {{$.Field}}, {{.}}; pipelines with |, parentheses with fields
// behind them; variables; if, else if, range (with $i, $v), with, else, end, break, continue;
// comments; trimming by {{- and -}}; the functions index, len, slice, and, or, not, eq, ne, lt, le,
// gt, ge, print, printf, println, and docker's json, join, split, title, lower, upper, pad,
// truncate. Not understood: define, template, block.
//
// Data is JSON: objects print as Go's maps, arrays as Go's slices. A field that is not there is an
// error, as with docker inspect; index of a missing key is empty.
//
// Source: Go, package text/template; docker "Format command and log output".
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "runtime/base/json.h"
#include "runtime/base/result.h"

namespace ikada {

struct TemplateOptions {
  // Objects that .Name "key" looks into at the top level, e.g. {"Label": {…}}; not part of {{json
  // .}}. May be null.
  const Json* methods = nullptr;
  // The line of headers above a table: functions such as json leave their argument as it is.
  bool is_header = false;
};

class Template {
 public:
  // kInvalid with the place of the mistake.
  static Result<Template> parse(std::string_view text);
  Template(Template&&) noexcept;
  Template& operator=(Template&&) noexcept;
  ~Template();

  Result<std::string> execute(const Json& data, const TemplateOptions& options = {}) const;

 private:
  struct Tree;
  explicit Template(std::unique_ptr<Tree> tree);

  std::unique_ptr<Tree> tree_;
};

// Both steps for one use: what `docker inspect --format TEXT` prints, without the newline.
Result<std::string> render(std::string_view text, const Json& data);

}  // namespace ikada

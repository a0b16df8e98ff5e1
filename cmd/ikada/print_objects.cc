#include "cmd/ikada/print_objects.h"

#include <stdio.h>

#include <optional>

#include "cmd/ikada/go_template.h"

namespace ikada {

void print_objects(const std::vector<std::string>& names,
                   const std::string& format,
                   const std::function<Result<Json>(const std::string& name)>& find,
                   Context& context) {
  std::optional<Template> line;
  const bool is_json = format.empty() || format == "json";
  if (!is_json) {
    Result<Template> parsed = Template::parse(format);
    if (!parsed.has_value()) return context.finish(parsed.error());
    line.emplace(std::move(parsed.value()));
  }
  Json found = Json::array();
  std::vector<Error> errors;
  for (const std::string& name : names) {
    const Result<Json> object = find(name);
    if (!object.has_value()) {
      errors.push_back(object.error());
    } else if (line.has_value()) {
      const Result<std::string> text = line->execute(*object);
      if (text.has_value()) {
        ::printf("%s\n", text->c_str());
      } else {
        errors.push_back(text.error());
      }
    } else {
      found.push_back(*object);
    }
  }
  if (is_json) {
    constexpr int kIndent = 4;
    const int indent = format == "json" ? -1 : kIndent;
    ::printf("%s\n", found.dump(indent, ' ', false, Json::error_handler_t::replace).c_str());
  }
  for (const Error& error : errors) context.finish(error);
}

}  // namespace ikada

// `inspect` of any kind of object: one JSON array of all that were found, or a template for each;
// then what went wrong.
//
// Source: docker-inspect(1).
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cmd/ikada/context.h"
#include "runtime/base/json.h"
#include "runtime/base/result.h"

namespace ikada {

// `format` is empty, "json" or a Go template. The exit status is 1 if any name was not found.
void print_objects(const std::vector<std::string>& names,
                   const std::string& format,
                   const std::function<Result<Json>(const std::string& name)>& find,
                   Context& context);

}  // namespace ikada

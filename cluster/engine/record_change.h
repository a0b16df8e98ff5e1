// Changing the record of a container that exists: its name, its limits, its end.
//
// Several commands may do so at once; the lock of the names keeps one from undoing what the other
// did.
#pragma once

#include <functional>
#include <string_view>

#include "cluster/engine/container_record.h"
#include "runtime/base/result.h"

namespace ikada {

// Reads the record, lets `change` alter it and saves it. Returns the record as it was before.
// kNotFound "No such container: NAME" if the container has been removed meanwhile.
Result<ContainerRecord> change_record(const EngineLayout& layout,
                                      const ContainerRecord& known,
                                      const std::function<void(ContainerRecord&)>& change);

// Takes the record away so that nobody changes it any more, and returns it as it was last.
// kNotFound if there is none.
Result<ContainerRecord> take_record(const EngineLayout& layout, std::string_view id);

}  // namespace ikada

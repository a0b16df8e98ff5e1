#include "cluster/engine/record_change.h"

#include <unistd.h>

#include "runtime/sys/file.h"

namespace ikada {

Result<ContainerRecord> change_record(const EngineLayout& layout,
                                      const ContainerRecord& known,
                                      const std::function<void(ContainerRecord&)>& change) {
  IK_LET(lock, lock_file(layout.names() + "/.lock"));
  Result<ContainerRecord> before = load_record(layout, known.id);
  if (!before.has_value()) {
    if (before.error().kind != ErrorKind::kNotFound) return before;
    return make_error(ErrorKind::kNotFound, "No such container: {}", known.name);
  }
  ContainerRecord changed = *before;
  change(changed);
  IK_TRY(save_record(layout, changed));
  return before;
}

Result<ContainerRecord> take_record(const EngineLayout& layout, std::string_view id) {
  IK_LET(lock, lock_file(layout.names() + "/.lock"));
  IK_LET(record, load_record(layout, id));
  const std::string path = layout.container_file(id, "record.json");
  if (::unlink(path.c_str()) != 0) return errno_error("unlink {}", path);
  return record;
}

}  // namespace ikada

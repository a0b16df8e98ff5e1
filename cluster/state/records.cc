#include "cluster/state/records.h"

namespace ikada {

void describe(JsonFields& fields, Family& family) {
  fields.required("lastRevision", family.last_revision);
}

void describe(JsonFields& fields, RunToken& token) {
  fields.required("request", token.request);
  fields.required("tasks", token.tasks);
  fields.required("createdAt", token.created_at);
}

void describe(JsonFields& fields, AccountSetting& setting) {
  fields.required("value", setting.value);
}

}  // namespace ikada

// The validity of a block's rows as bytes: none null, all null, a bitmap, or runs.
#pragma once

#include <string>

#include "base/coding.h"
#include "base/status.h"
#include "types/chunk.h"

namespace mote {

void write_validity(const Validity& validity, uint32_t row_count, std::string* out);
// null_count: of the row_count rows.
Status read_validity(ByteReader& reader, uint32_t row_count, Validity* validity,
                     uint32_t* null_count);

}  // namespace mote

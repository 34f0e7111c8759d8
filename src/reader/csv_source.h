// read_csv: the records of a CSV file as rows.
#pragma once

#include "reader/row_source.h"

namespace mote {

// arguments: [file]. Options:
//   header (true): the first record holds the columns' names; else they are c0, c1, ..
//   names: the columns' names, in place of those
//   types: the columns' types; without it they are found by looking at all of the file
//   sample_rows (0: all): how many records are looked at to find types
//   all_text (false): every column is TEXT
//   separator (','), quote ('"'), comment (none): one character each; separator ' ' stands for runs
//   null (''): an unquoted field that is NULL, besides the empty one
//   skip (0): lines to leave out at the beginning
//   row_number (false): a first column `row`, counting from 0
Result<std::unique_ptr<RowSource>> open_csv(Env& env, const FileAccess& files,
                                            const std::string& file,
                                            std::span<const SourceOption> options,
                                            MemoryBudget& budget);

}  // namespace mote

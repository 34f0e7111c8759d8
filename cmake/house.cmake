# The layers, bottom first. ARCHITECTURE.md explains them; this list is what holds.

mote_layer(NAME base FOLDER base)
mote_layer(NAME kernels FOLDER kernels USES base)
mote_layer(NAME types FOLDER types USES base)
mote_layer(NAME env FOLDER env USES base)
mote_layer(NAME wal FOLDER wal USES base env)
mote_layer(NAME column FOLDER column USES base kernels types)
mote_layer(NAME function FOLDER function USES base kernels types)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND NOT MOTE_SMALL)
  # At -O2 g++ leaves loops of unknown length alone unless vectors need no remainder.
  target_compile_options(mote_function PRIVATE -fvect-cost-model=cheap)
endif()
if(TARGET function_test)
  target_link_libraries(function_test PRIVATE sqlite3)  # what it compares with
endif()
mote_layer(NAME reader FOLDER reader USES base types env)
mote_layer(NAME storage FOLDER storage USES base types env column)
mote_layer(NAME catalog FOLDER catalog USES base types function)
mote_layer(NAME engine FOLDER engine USES base types env wal column function storage catalog)
mote_layer(NAME sql_parse FOLDER sql/parse USES base types)
mote_layer(NAME sql_bind FOLDER sql/bind USES sql_parse base types catalog function)
mote_layer(NAME sql_plan FOLDER sql/plan USES sql_bind base types catalog function)
mote_layer(NAME sql_exec FOLDER sql/exec
  USES sql_plan sql_bind base types env column catalog engine storage function reader)
mote_layer(NAME session FOLDER session
  USES sql_exec sql_plan sql_bind sql_parse base types env column catalog engine storage function reader)
mote_layer(NAME api FOLDER api
  USES base types env wal column function storage catalog engine session)
# The public headers, which api implements.
if(TARGET mote_api)
  target_include_directories(mote_api PRIVATE ${CMAKE_SOURCE_DIR}/include)
endif()

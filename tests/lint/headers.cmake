# Header self-sufficiency: each header of the project is compiled alone, and twice in one file. Where its own source
# includes it before all others, the build has shown that already: four of five, and a third of what there is to
# compile.
file(GLOB_RECURSE headers CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR}
    ${CMAKE_SOURCE_DIR}/gateway/*.hpp ${CMAKE_SOURCE_DIR}/config/*.hpp
    ${CMAKE_SOURCE_DIR}/southbound/*.hpp ${CMAKE_SOURCE_DIR}/storage/*.hpp
    ${CMAKE_SOURCE_DIR}/northbound/*.hpp ${CMAKE_SOURCE_DIR}/plc/*.hpp
    ${CMAKE_SOURCE_DIR}/tests/*.hpp)
set(sources "")
foreach(header IN LISTS headers)
  string(REGEX REPLACE "\\.hpp$" ".cpp" own ${CMAKE_SOURCE_DIR}/${header})
  if(EXISTS ${own})
    file(STRINGS ${own} first REGEX "^#include" LIMIT_COUNT 1)
    if("${first}" STREQUAL "#include \"${header}\"")
      continue()
    endif()
  endif()
  string(REPLACE "/" "__" name ${header})
  set(source ${CMAKE_CURRENT_BINARY_DIR}/headers/${name}.cpp)
  file(CONFIGURE OUTPUT ${source} CONTENT "#include \"${header}\"\n#include \"${header}\"\n")
  list(APPEND sources ${source})
endforeach()
add_library(lint_headers OBJECT ${sources})
target_link_libraries(lint_headers PRIVATE metergate_options Boost::headers GTest::gtest)

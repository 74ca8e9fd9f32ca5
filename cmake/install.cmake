# What a user of the library gets: headers, both libraries, a CMake package, ipm.pc, and the command line.
# Components: runtime (libipm.so.0, ipm) and dev (the rest).
include(CMakePackageConfigHelpers)

set(ipm_cmake_dir ${CMAKE_INSTALL_LIBDIR}/cmake/ipm)
install(DIRECTORY include/ipm DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT dev)
install(TARGETS ipm_static EXPORT ipm-targets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT dev)
if(IPM_SHARED)
  install(TARGETS ipm EXPORT ipm-targets
          LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT runtime NAMELINK_COMPONENT dev)
endif()
if(IPM_CLI)
  install(TARGETS ipm_cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT runtime)
endif()
install(FILES LICENSE CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT dev)

install(EXPORT ipm-targets NAMESPACE ipm:: DESTINATION ${ipm_cmake_dir} COMPONENT dev)
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/ipm-config.cmake.in ${PROJECT_BINARY_DIR}/ipm-config.cmake
                              INSTALL_DESTINATION ${ipm_cmake_dir})
# Below 1.0 a minor version may change the interface.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/ipm-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/ipm-config.cmake ${PROJECT_BINARY_DIR}/ipm-config-version.cmake
        DESTINATION ${ipm_cmake_dir} COMPONENT dev)

# What libipm.a needs beside itself; libipm.so has it inside.
set(IPM_PC_REQUIRES_PRIVATE "")
set(IPM_PC_LIBS_PRIVATE "-lstdc++ -lm -pthread")
if(IPM_WITH_ZSTD)
  string(APPEND IPM_PC_REQUIRES_PRIVATE " libzstd")
endif()
if(IPM_WITH_ZLIB)
  string(APPEND IPM_PC_REQUIRES_PRIVATE " zlib")
endif()
if(IPM_WITH_SIMDJSON)
  string(APPEND IPM_PC_REQUIRES_PRIVATE " simdjson")
endif()
if(IPM_WITH_EBPF)
  string(APPEND IPM_PC_REQUIRES_PRIVATE " libbpf")
endif()
if(IPM_WITH_MAXMINDDB)
  string(APPEND IPM_PC_REQUIRES_PRIVATE " libmaxminddb")
endif()
if(IPM_WITH_PCAP)
  # Not as a requirement: linked statically, libpcap would want what Debian's has inside (D-Bus, RDMA).
  string(APPEND IPM_PC_LIBS_PRIVATE " -lpcap")
endif()
if(IPM_WITH_OPENSSL)
  string(APPEND IPM_PC_REQUIRES_PRIVATE " libcrypto")
endif()
# From the folder of ipm.pc, so that the installed tree can be moved.
file(RELATIVE_PATH IPM_PC_PREFIX ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
configure_file(${CMAKE_CURRENT_LIST_DIR}/ipm.pc.in ${PROJECT_BINARY_DIR}/ipm.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/ipm.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT dev)

/** Whether the Docker ring runs: an engine answers. Missing where `HEARTH_TEST_REQUIRE` names it is a failure, not a skip. */
export async function dockerRing(): Promise<boolean> {
  // Loaded on demand: it takes a second, and most tests need no engine.
  const { getContainerRuntimeClient } = await import('testcontainers');
  try {
    await getContainerRuntimeClient();
    return true;
  } catch (error) {
    if (process.env.HEARTH_TEST_REQUIRE?.split(',').includes('docker')) throw error;
    return false;
  }
}

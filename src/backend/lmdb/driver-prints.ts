/** Where the driver's own functions are, in a stack. */
const DRIVER = /[\\/]node_modules[\\/]lmdb[\\/]/

/**
 * Keeps the driver from printing errors, stack and all, that it also rejects with (lmdb-js, write.js): people read of them
 * once, in our words. What anybody else prints is printed.
 */
export function silenceDriver(): void {
  // biome-ignore lint/suspicious/noConsole: this is what the driver prints with
  const print = console.error
  console.error = (...values: readonly unknown[]) => {
    const ofDriver = values.some((value) => value instanceof Error && DRIVER.test(value.stack ?? ''))
    if (!ofDriver) print(...values)
  }
}

import type Docker from 'dockerode';
import { containerName, logText } from './docker-container.ts';
import { isNotFound } from './docker-errors.ts';

/** The last lines of an instance's log; empty where its container is gone. */
export async function readLog(docker: Docker, instanceId: string, tail: number, timestamps: boolean): Promise<string> {
  try {
    const container = docker.getContainer(containerName(instanceId));
    return logText(await container.logs({ follow: false, stdout: true, stderr: true, tail, timestamps }));
  } catch (error) {
    if (isNotFound(error)) return '';
    throw error;
  }
}

/** What an instance uses of its memory; null where its container is gone or has ended. */
export async function readMemory(docker: Docker, instanceId: string): Promise<{ memoryBytes: number } | null> {
  try {
    const stats = await docker.getContainer(containerName(instanceId)).stats({ stream: false, 'one-shot': true });
    return stats.memory_stats.usage === undefined ? null : { memoryBytes: stats.memory_stats.usage };
  } catch (error) {
    if (isNotFound(error)) return null;
    throw error;
  }
}

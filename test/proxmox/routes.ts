// Which handler answers which path.
import { accessRoutes } from './accessRoutes.ts';
import { agentRoutes } from './agentRoutes.ts';
import { backupRoutes } from './backupRoutes.ts';
import type { Routes } from './call.ts';
import { clusterRoutes } from './clusterRoutes.ts';
import { configRoutes } from './configRoutes.ts';
import { consoleRoutes } from './consoleRoutes.ts';
import { haRoutes } from './haRoutes.ts';
import { lifecycleRoutes } from './lifecycleRoutes.ts';
import { migrationRoutes } from './migrationRoutes.ts';
import { nodeRoutes } from './nodeRoutes.ts';
import { poolRoutes } from './poolRoutes.ts';
import { powerRoutes } from './powerRoutes.ts';
import { snapshotRoutes } from './snapshotRoutes.ts';
import { statusRoutes } from './statusRoutes.ts';
import { storageRoutes } from './storageRoutes.ts';
import { taskRoutes } from './taskRoutes.ts';
import { usageRoutes } from './usageRoutes.ts';

export const routes: Routes = {
  ...accessRoutes,
  ...agentRoutes,
  ...backupRoutes,
  ...clusterRoutes,
  ...configRoutes,
  ...consoleRoutes,
  ...haRoutes,
  ...lifecycleRoutes,
  ...migrationRoutes,
  ...nodeRoutes,
  ...poolRoutes,
  ...powerRoutes,
  ...snapshotRoutes,
  ...statusRoutes,
  ...storageRoutes,
  ...taskRoutes,
  ...usageRoutes,
};

// Which handler answers which path.
import { accessRoutes } from './accessRoutes.ts';
import type { Routes } from './call.ts';
import { clusterRoutes } from './clusterRoutes.ts';
import { nodeRoutes } from './nodeRoutes.ts';
import { powerRoutes } from './powerRoutes.ts';
import { statusRoutes } from './statusRoutes.ts';
import { taskRoutes } from './taskRoutes.ts';

export const routes: Routes = { ...accessRoutes, ...clusterRoutes, ...nodeRoutes, ...statusRoutes, ...powerRoutes, ...taskRoutes };

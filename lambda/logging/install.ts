import { containProcess } from './contain';

// The first module of every bundle (lib/bundle.ts), so that what the others print while they load is contained as well.
containProcess();
